// One property of the open image, and the form for another: what is written, and its type.

import { colorOf } from '../labels/labels.js';
import { Icon } from '../parts/icons.js';
import { typeOf, valueText } from '../parts/values.js';
import { t } from '../parts/words.js';
import { html, useState } from '../vendor/preact-htm.js';
import { useDraft } from './drafts.js';

/** @import { TemplateEvent } from '../vendor/preact-htm.js' */
/** @import { Draft } from './drafts.js' */
/** @import { Save } from './saving.js' */

const TYPES = ['text', 'number', 'boolean', 'json'];
const MOST_ROWS = 12;
const ROW_CHARACTERS = 38;

/**
 * A property; what is written in it is saved when the field is left.
 * @param {{ name: string, value: unknown, isLabel: boolean, save: Save }} props
 */
export function Property({ name, value, isLabel, save }) {
  const [problem, setProblem] = useState('');
  const { draft, setDraft, said, box, store, forget, onLeave } = useDraft({
    wrong, save: (written) => save({ name, before: value, after: read(written).value }),
  });
  const stored = { name, type: typeOf(value), text: editedText(value) };
  const shown = draft ?? stored;
  const write = (/** @type {Partial<Draft>} */ more) => {
    const next = { ...shown, ...more };
    if (next.type === stored.type && next.text === stored.text) forget();
    else setDraft(next);
  };
  const remove = async () => {
    forget();
    setProblem(await save({ name, before: value }) ?? '');
  };
  return html`
    <li class="property">
      <form ref=${box} onSubmit=${submitting(store)} onKeyDown=${escaping(draft, forget)} onfocusout=${onLeave}>
        <span class="name" title=${name}>
          ${isLabel && html`<i class=${`dot ${colorOf(valueText(value))}`}></i>`}${name}</span>
        <${TypeChoice} type=${shown.type} name=${name} onChange=${(/** @type {string} */ type) => write({ type })} />
        <button type="button" class="icon remove" aria-label=${t('removeProperty', { name })}
          title=${t('removeProperty', { name })} onClick=${remove}><${Icon} name="trash" /></button>
        <${ValueField} ...${shown} onChange=${(/** @type {string} */ text) => write({ text })} />
        ${draft && html`<${Buttons} onCancel=${forget} />`}
        ${(said || problem) && html`<p class="failed" role="alert">${said || problem}
          ${draft && html` ${t('nowItIs', { value: valueText(value) })}`}</p>`}
      </form>
    </li>`;
}

/**
 * The form for a property that is not there yet.
 * @param {{ names: string[], save: Save }} props
 */
export function NewProperty({ names, save }) {
  const [open, setOpen] = useState(false);
  const close = () => { forget(); setOpen(false); };
  const { draft, setDraft, said, box, store, forget, onLeave } = useDraft({
    wrong: (written) => (names.includes(written.name) ? t('nameTaken') : wrong(written)),
    unfinished: ({ name, text }) => (name && text ? '' : t('unfinished')),
    save: async (written) => {
      const problem = await save({ name: written.name, after: read(written).value });
      if (!problem) setOpen(false);
      return problem;
    },
  });
  const shown = draft ?? { name: '', type: 'text', text: '' };
  const write = (/** @type {Partial<Draft>} */ more) => {
    const next = { ...shown, ...more };
    if (next.name || next.text) setDraft(next);
    else forget();
  };
  if (!open) return html`<button class="link" onClick=${() => setOpen(true)}>${t('addProperty')}</button>`;
  return html`
    <form class="property new" ref=${box} onSubmit=${submitting(store)} onKeyDown=${escaping(draft, close)}
      onfocusout=${onLeave}>
      <input class="name" value=${shown.name} required placeholder=${t('name')} aria-label=${t('name')}
        onInput=${(event) => write({ name: event.target.value })} />
      <${TypeChoice} type=${shown.type} name=${shown.name}
        onChange=${(/** @type {string} */ type) => write({ type })} />
      <${ValueField} ...${shown} name=${t('value')} onChange=${(/** @type {string} */ text) => write({ text })} />
      <${Buttons} onCancel=${close} />
      ${said && html`<p class="failed" role="alert">${said}</p>`}
    </form>`;
}

/** @param {{ onCancel: () => void }} props */
function Buttons({ onCancel }) {
  return html`
    <span class="buttons">
      <button type="button" class="small" onClick=${onCancel}>${t('cancel')}</button>
      <button class="small primary">${t('save')}</button></span>`;
}

/** @param {() => void} store */
function submitting(store) {
  return (/** @type {Event} */ event) => { event.preventDefault(); store(); };
}

/**
 * @param {Draft | null} draft
 * @param {() => void} forget
 */
function escaping(draft, forget) {
  return (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== 'Escape' || !draft) return;
    event.stopPropagation();
    forget();
  };
}

/** @param {unknown} value */
function editedText(value) {
  const text = valueText(value);
  return typeOf(value) === 'json' && text.length > ROW_CHARACTERS ? JSON.stringify(value, null, 2) : text;
}

/** @param {{ type: string, name: string, onChange: (type: string) => void }} props */
function TypeChoice({ type, name, onChange }) {
  return html`
    <select class="type" aria-label=${t('typeOf', { name })} value=${type} onChange=${(event) => onChange(event.target.value)}>
      ${TYPES.map((each) => html`
        <option value=${each} key=${each} selected=${each === type}>${t(`type_${each}`)}</option>`)}
    </select>`;
}

/** @param {Draft & { onChange: (text: string) => void }} props */
function ValueField({ type, text, name, onChange }) {
  const put = (/** @type {TemplateEvent} */ event) => onChange(event.target.value);
  if (type === 'boolean') {
    return html`
      <select class="value" aria-label=${name} value=${text === 'true' ? 'true' : 'false'} onChange=${put}>
        ${['true', 'false'].map((each) => html`<option value=${each} key=${each} selected=${each === text}>${each}</option>`)}
      </select>`;
  }
  const long = type === 'json' || text.includes('\n') || text.length > 60;
  if (long) {
    const rows = Math.min(MOST_ROWS, text.split('\n').length + Math.floor(text.length / ROW_CHARACTERS));
    return html`<textarea class="value" rows=${rows} aria-label=${name} value=${text} onInput=${put}></textarea>`;
  }
  return html`<input class="value" inputmode=${type === 'number' ? 'decimal' : undefined} aria-label=${name}
    value=${text} onInput=${put} />`;
}

/** @param {Draft} draft */
function wrong(draft) {
  const problem = read(draft).wrong;
  return problem ? t(problem) : '';
}

/**
 * @param {Draft} draft
 * @returns {{ value?: unknown, wrong?: string }}
 */
function read({ type, text }) {
  if (type === 'text') return { value: text };
  if (type === 'boolean') return { value: text === 'true' };
  if (type === 'number') {
    const value = Number(text.replace(',', '.'));
    return text.trim() && Number.isFinite(value) ? { value } : { wrong: 'notANumber' };
  }
  try {
    return { value: JSON.parse(text) };
  } catch {
    return { wrong: 'notJson' };
  }
}
