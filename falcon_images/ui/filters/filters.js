// The panel of filters: when, and each property with its values and their counts.

import { Icon } from '../parts/icons.js';
import { go } from '../parts/state.js';
import { valueText } from '../parts/values.js';
import { number, t } from '../parts/words.js';
import { html, useState } from '../vendor/preact-htm.js';
import {
  conditionValue, dayEndHere, dayHere, equals, equalValues, readCondition, toggled, withValue,
} from './conditions.js';

/** @import { Condition } from '../parts/state.js' */
/** @import { Field, Fields } from './fields.js' */

const SHOWN_VALUES = 10;
const MANY_NUMBERS = 12;
const OPEN_FIELDS = 8;

/** @typedef {(conditions: Condition[]) => void} SetConditions */

/**
 * The filters of a collection.
 * @param {{ conditions: Condition[], fields: Fields, onClose: () => void }} props
 */
export function Filters({ conditions, fields, onClose }) {
  const set = (/** @type {Condition[]} */ next) => go({ conditions: next });
  return html`
    <aside class="filters" id="filters" aria-label=${t('filters')}>
      <div class="filters-head">
        <h2>${t('filters')}</h2>
        <button class="icon" onClick=${onClose} aria-label=${t('close')}><${Icon} name="close" /></button>
      </div>
      <${TimeRange} conditions=${conditions} set=${set} />
      ${fields.list.map((field, index) => html`
        <${FieldFilter} key=${field.name} field=${field} conditions=${conditions} set=${set}
          open=${index < OPEN_FIELDS} />`)}
      ${fields.error && html`<p class="failed">${fields.error.message}</p>`}
      ${!fields.list.length && !fields.error && html`
        <p class="muted">${t(fields.loading ? 'loading' : 'noProperties')}</p>`}
    </aside>`;
}

/** @param {{ conditions: Condition[], set: SetConditions }} props */
function TimeRange({ conditions, set }) {
  /** @param {number} days */
  const last = (days) => {
    const from = new Date();
    // Not so many times 24 hours: a day may have 23 or 25.
    from.setDate(from.getDate() - (days - 1));
    set(withValue(withValue(conditions, 'to', ''), 'from', dayHere(localDay(from))));
  };
  return html`
    <fieldset class="field-filter">
      <legend>${t('stored')}</legend>
      ${['from', 'to'].map((param) => html`
        <label class="row">${t(param)}
          <input type="date" value=${conditionValue(conditions, param).slice(0, 10)}
            onChange=${(event) => {
              const day = event.target.value;
              set(withValue(conditions, param, day && (param === 'to' ? dayEndHere(day) : dayHere(day))));
            }} />
        </label>`)}
      <div class="row">
        <button class="small" onClick=${() => last(1)}>${t('today')}</button>
        <button class="small" onClick=${() => last(7)}>${t('lastDays', { n: 7 })}</button>
        <button class="small" onClick=${() => last(30)}>${t('lastDays', { n: 30 })}</button>
      </div>
    </fieldset>`;
}

/** @param {Date} date */
function localDay(date) {
  const two = (/** @type {number} */ value) => String(value).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/**
 * @param {{ field: Field, conditions: Condition[], set: SetConditions, open: boolean }} props
 */
function FieldFilter({ field, conditions, set, open }) {
  const limited = conditions.some((pair) => readCondition(pair).name === field.name);
  const manyNumbers = field.types.number && field.distinct > MANY_NUMBERS;
  return html`
    <details class="field-filter" open=${open || limited}>
      <summary>
        <span class=${`name ${limited ? 'limited' : ''}`} title=${field.name}>${field.name}</span>
        <span class="count">${number(field.count)}</span>
      </summary>
      ${manyNumbers && html`<${NumberRange} field=${field} conditions=${conditions} set=${set} />`}
      ${(!manyNumbers || equalValues(conditions, field.name).length > 0) && html`
        <${Values} field=${field} conditions=${conditions} set=${set} />`}
    </details>`;
}

/** @param {{ field: Field, conditions: Condition[], set: SetConditions }} props */
function NumberRange({ field, conditions, set }) {
  const { min, max } = field.types.number;
  /**
   * @param {string} param
   * @param {number | bigint} placeholder
   * @param {string} label
   */
  const input = (param, placeholder, label) => html`
    <input type="number" step="any" placeholder=${bound(placeholder)}
      aria-label=${`${field.name} ${label}`} value=${conditionValue(conditions, param)}
      onChange=${(event) => set(withValue(conditions, param, event.target.value))} />`;
  return html`
    <div class="row range">
      ${input(`min_${field.name}`, min, t('atLeast'))} – ${input(`max_${field.name}`, max, t('atMost'))}
    </div>`;
}

/**
 * The least or greatest value: integers digit by digit, others shortly.
 * @param {number | bigint} value
 */
function bound(value) {
  return typeof value === 'bigint' || Number.isInteger(value) ? valueText(value) : String(Number(value.toPrecision(4)));
}

/** @param {{ field: Field, conditions: Condition[], set: SetConditions }} props */
function Values({ field, conditions, set }) {
  const [all, setAll] = useState(false);
  const chosen = equalValues(conditions, field.name);
  const known = field.values.map(({ value }) => valueText(value));
  const gone = chosen.filter((value) => !known.includes(value));
  const values = [...field.values, ...gone.map((value) => ({ value, count: 0 }))];
  const most = Math.max(1, ...values.map(({ count }) => count));
  return html`
    <ul class="values">
      ${values.slice(0, all ? values.length : SHOWN_VALUES).map(({ value, count }) => html`
        <${Value} key=${`${typeof value}${valueText(value)}`} text=${valueText(value)} count=${count}
          share=${count / most} checked=${chosen.includes(valueText(value))}
          onToggle=${() => set(toggled(conditions, equals(field.name, valueText(value))))} />`)}
    </ul>
    ${!all && values.length > SHOWN_VALUES && html`
      <button class="link" onClick=${() => setAll(true)}>
        ${t('more', { n: number(values.length - SHOWN_VALUES) })}
      </button>`}
    ${all && field.distinct > values.length && html`
      <p class="muted">${t('onlyCommonest', { n: number(field.distinct) })}</p>`}`;
}

/**
 * @param {{ text: string, count: number, share: number, checked: boolean, onToggle: () => void }} props
 */
function Value({ text, count, share, checked, onToggle }) {
  return html`
    <li>
      <label class="value">
        <input type="checkbox" checked=${checked} disabled=${text === ''} onChange=${onToggle} />
        <span class="share" style=${{ transform: `scaleX(${share})` }}></span>
        <span class="name" title=${text}>${text === '' ? t('emptyText') : text}</span>
        <span class="count">${number(count)}</span>
      </label>
    </li>`;
}
