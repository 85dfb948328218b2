// One property among the filters: its values with their counts, or a range, and none.

import { Icon } from '../parts/icons.js';
import { valueText } from '../parts/values.js';
import { number, t } from '../parts/words.js';
import { html, useState } from '../vendor/preact-htm.js';
import { conditionValue, equals, equalValues, readCondition, toggled, withValue } from './conditions.js';
import { Histogram } from './histogram.js';
import { isRange } from './order.js';

/** @import { Condition } from '../parts/state.js' */
/** @import { Field } from './fields.js' */
/** @import { SetConditions } from './filters.js' */

const SHOWN_VALUES = 10;

/**
 * @typedef {object} FieldFilterProps
 * @property {Field} field
 * @property {string} collection
 * @property {Condition[]} conditions
 * @property {string} version another one asks again
 * @property {SetConditions} set
 * @property {boolean} open
 * @property {boolean} pinned
 * @property {boolean} hidden
 * @property {() => void} onPin
 * @property {() => void} onHide
 */

/** @param {FieldFilterProps} props */
export function FieldFilter(props) {
  const { field, conditions, pinned, hidden, onPin, onHide } = props;
  const limited = conditions.some((pair) => readCondition(pair).name === field.name);
  const [open, setOpen] = useState(props.open || limited);
  const { name } = field;
  const onToggle = (/** @type {any} */ event) => setOpen(event.target.open);
  return html`
    <details class="field-filter" open=${open || limited} onToggle=${onToggle}>
      <summary>
        <span class=${`name ${limited ? 'limited' : ''}`} title=${name}><${Path} name=${name} /></span>
        <span class="count">${number(field.count)}</span>
      </summary>
      <span class="arrange">
        <button class="icon" aria-pressed=${String(pinned)} title=${t(pinned ? 'unpin' : 'pin')}
          aria-label=${t(pinned ? 'unpinNamed' : 'pinNamed', { name })} onClick=${onPin}><${Icon} name="pin" /></button>
        <button class="icon" aria-pressed=${String(hidden)} title=${t(hidden ? 'unhide' : 'hide')}
          aria-label=${t(hidden ? 'unhideNamed' : 'hideNamed', { name })} onClick=${onHide}><${Icon} name="eye" /></button>
      </span>
      ${(open || limited) && html`<${Inside} ...${props} />`}
    </details>`;
}

/**
 * A name; of a member of an object, what leads there is less loud.
 * @param {{ name: string }} props
 */
function Path({ name }) {
  const at = name.lastIndexOf('.') + 1;
  return html`${at > 0 && html`<span class="path">${name.slice(0, at)}</span>`}${name.slice(at)}`;
}

/** @param {FieldFilterProps} props */
function Inside(props) {
  const { field, collection, conditions, version, set } = props;
  const isLong = isRange(field);
  return html`
    ${isLong && html`
      <${Histogram} collection=${collection} name=${field.name} conditions=${conditions} version=${version}
        params=${[`min_${field.name}`, `max_${field.name}`]} set=${set} />`}
    ${isLong && field.types.number && html`<${NumberRange} field=${field} conditions=${conditions} set=${set} />`}
    ${(!isLong || equalValues(conditions, field.name).length > 0)
      ? html`<${Values} field=${field} conditions=${conditions} set=${set} />`
      : html`<ul class="values"><${None} field=${field} conditions=${conditions} set=${set} /></ul>`}`;
}

/** @typedef {{ field: Field, conditions: Condition[], set: SetConditions }} ChoiceProps */

/** @param {ChoiceProps} props */
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

/** @param {ChoiceProps} props */
function Values({ field, conditions, set }) {
  const [all, setAll] = useState(false);
  const chosen = equalValues(conditions, field.name);
  const known = field.values.map(({ value }) => valueText(value));
  const gone = chosen.filter((value) => !known.includes(value));
  const values = [...field.values, ...gone.map((value) => ({ value, count: 0 }))];
  const toggle = (/** @type {string} */ text) => {
    const others = withValue(conditions, `has_${field.name}`, '');
    set(toggled(others, equals(field.name, text)));
  };
  return html`
    <ul class="values">
      ${values.slice(0, all ? values.length : SHOWN_VALUES).map(({ value, count }) => html`
        <${Value} key=${`${typeof value}${valueText(value)}`} text=${valueText(value)} count=${count}
          share=${count / Math.max(1, field.documents)} checked=${chosen.includes(valueText(value))}
          onToggle=${() => toggle(valueText(value))} />`)}
      <${None} field=${field} conditions=${conditions} set=${set} />
    </ul>
    ${!all && values.length > SHOWN_VALUES && html`
      <button class="link" onClick=${() => setAll(true)}>
        ${t('more', { n: number(values.length - SHOWN_VALUES) })}
      </button>`}
    ${all && field.distinct > values.length && html`
      <p class="muted">${t('onlyCommonest', { n: number(field.distinct) })}</p>`}`;
}

/**
 * The images without the property.
 * @param {ChoiceProps} props
 */
function None({ field, conditions, set }) {
  const param = `has_${field.name}`;
  const checked = conditionValue(conditions, param) === 'false';
  const count = Math.max(0, field.documents - field.count);
  if (!count && !checked) return null;
  // Who has none has no value: one takes the place of the other.
  const others = conditions.filter((pair) => {
    const { name, prefix } = readCondition(pair);
    return name !== field.name || prefix !== 'eq_';
  });
  return html`
    <${Value} text=${t('none')} none count=${count} share=${count / Math.max(1, field.documents)}
      checked=${checked} onToggle=${() => set(withValue(others, param, checked ? '' : 'false'))} />`;
}

/**
 * @param {{ text: string, count: number, share: number, checked: boolean, none?: boolean,
 *   onToggle: () => void }} props
 */
function Value({ text, count, share, checked, none = false, onToggle }) {
  return html`
    <li>
      <label class=${none ? 'value none' : 'value'}>
        <input type="checkbox" checked=${checked} disabled=${text === ''} onChange=${onToggle} />
        <span class="share" style=${{ transform: `scaleX(${share})` }}></span>
        <span class="name" title=${text}>${text === '' ? t('emptyText') : text}</span>
        <span class="count">${number(count)}</span>
      </label>
    </li>`;
}
