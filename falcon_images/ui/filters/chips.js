// The conditions that hold, each with a way to take it away, and a way to add one.

import { Icon } from '../parts/icons.js';
import { lookUp } from '../parts/look-up.js';
import { go } from '../parts/state.js';
import { t } from '../parts/words.js';
import { html, useRef, useState } from '../vendor/preact-htm.js';
import { equals, OPERATORS, readCondition } from './conditions.js';

/** @import { Condition } from '../parts/state.js' */
/** @import { Ref } from '../vendor/preact-htm.js' */
/** @import { Field } from './fields.js' */

/**
 * The conditions that hold.
 * @param {{ conditions: Condition[] }} props
 */
export function Chips({ conditions }) {
  /** @param {Condition} pair */
  const drop = (pair) => go({ conditions: conditions.filter((other) => other !== pair) });
  return html`
    <ul class="chips" aria-label=${t('conditions')}>
      ${conditions.map((pair, index) => html`
        <li class="chip" key=${index}>
          <span title=${pair.join('=')}>${conditionText(pair)}</span>
          <button class="icon" aria-label=${t('removeCondition', { condition: conditionText(pair) })}
            onClick=${() => drop(pair)}><${Icon} name="close" /></button>
        </li>`)}
      ${conditions.length > 1 && html`
        <li><button class="link" onClick=${() => go({ conditions: [] })}>${t('clearFilters')}</button></li>`}
    </ul>`;
}

/** @param {Condition} pair */
function conditionText(pair) {
  const { name, sign, prefix, value } = readCondition(pair);
  if (prefix === 'filter') return value;
  if (prefix === 'has_') return t(value === 'true' ? 'hasProperty' : 'hasNotProperty', { name });
  const shown = prefix === 'from' || prefix === 'to' ? value.slice(0, 10) : value;
  return `${name === 'time' ? t('stored') : name} ${sign} ${shown}`;
}

/**
 * A form for a condition of any kind.
 * @param {{ conditions: Condition[], fields: Field[] }} props
 */
export function AddCondition({ conditions, fields }) {
  const [open, setOpen] = useState(false);
  /** @type {Ref<HTMLButtonElement>} */
  const button = useRef();
  const close = () => { setOpen(false); button.current.focus(); };
  /** @param {KeyboardEvent} event */
  const onKeyDown = (event) => {
    if (event.key !== 'Escape') return;
    event.stopPropagation();
    close();
  };
  return html`
    <div class="add-condition" onKeyDown=${onKeyDown}>
      <button ref=${button} class="small" aria-expanded=${String(open)} data-add-condition
        title=${`${t('addCondition')} (/)`} onClick=${() => setOpen(!open)}>
        <${Icon} name="plus" /><span>${t('addCondition')}</span></button>
      ${open && html`<${ConditionForm} conditions=${conditions} fields=${fields} onClose=${close} />`}
    </div>`;
}

/** @param {{ conditions: Condition[], fields: Field[], onClose: () => void }} props */
function ConditionForm({ conditions, fields, onClose }) {
  const [name, setName] = useState('');
  const [prefix, setPrefix] = useState('eq_');
  const [value, setValue] = useState('');
  const known = fields.find((field) => field.name === name);
  /** @param {Event} event */
  const submit = (event) => {
    event.preventDefault();
    go({ conditions: [...conditions, made(name.trim(), prefix, value)] });
    onClose();
  };
  return html`
    <form class="popover" onSubmit=${submit}>
      <label>${t('property')}
        <input list="condition-names" value=${name} required autofocus ref=${focus}
          disabled=${prefix === 'filter'} onInput=${(event) => setName(event.target.value)} />
      </label>
      <datalist id="condition-names">
        ${['image', '_file.size', '_file.type', '_id'].map((own) => html`<option value=${own} />`)}
        ${fields.map((field) => html`<option value=${field.name} />`)}
      </datalist>
      <label>${t('operator')}
        <select value=${prefix} onChange=${(event) => setPrefix(event.target.value)}>
          ${[...OPERATORS, ['filter', '{ }']].map(([each, sign]) => html`
            <option value=${each} key=${each} selected=${each === prefix}>${sign} ${t(`operator_${each}`)}</option>`)}
        </select>
      </label>
      <label>${t('value')}
        ${prefix === 'has_'
          ? html`<select value=${value || 'true'} onChange=${(event) => setValue(event.target.value)}>
              <option value="true">${t('yes')}</option><option value="false">${t('no')}</option></select>`
          : html`<input value=${value} required list="condition-values" placeholder=${hint(prefix)}
              onInput=${(event) => setValue(event.target.value)} />`}
      </label>
      <datalist id="condition-values">
        ${known?.values.filter((each) => typeof each.value !== 'object').map((each) => html`
          <option value=${String(each.value)} />`)}
      </datalist>
      <button class="primary">${t('add')}</button>
    </form>`;
}

/** @param {HTMLElement | null} element */
function focus(element) {
  if (element && !element.dataset.focused) {
    element.dataset.focused = 'yes';
    element.focus();
  }
}

/**
 * @param {string} name
 * @param {string} prefix
 * @param {string} value
 * @returns {Condition}
 */
function made(name, prefix, value) {
  if (prefix === 'filter') return ['filter', value];
  if (prefix === 'eq_') return equals(name, value);
  return [prefix + name, prefix === 'has_' ? value || 'true' : value];
}

/** @param {string} prefix */
function hint(prefix) {
  return lookUp({ in_: 'OK,NG', like_: '200J*', filter: '{"score": {"$gte": 0.9}}' }, prefix) ?? '';
}
