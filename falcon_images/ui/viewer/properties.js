// The properties of the open image, each with its type, to be read and changed.

import { colorOf } from '../labels/labels.js';
import { collectionPath, sendJson } from '../parts/api.js';
import { Icon } from '../parts/icons.js';
import { propertiesOf, typeOf, valueText } from '../parts/values.js';
import { bytes, moment, t } from '../parts/words.js';
import { html, useState } from '../vendor/preact-htm.js';

/** @import { ImageDocument } from '../parts/values.js' */
/** @import { TemplateEvent } from '../vendor/preact-htm.js' */
/** @import { Changed, OpenImage } from './neighbors.js' */

const TYPES = ['text', 'number', 'boolean', 'json'];
const MOST_ROWS = 12;
const ROW_CHARACTERS = 38;
const MERGE = { 'Content-Type': 'application/merge-patch+json' };

/** @typedef {Promise<string | null>} Problem a sentence, if a change was not made */
/** @typedef {{ type: string, text: string }} Draft what is being written */

/**
 * The panel of properties.
 * @param {{ collection: string, image: OpenImage & { document: ImageDocument }, label: string,
 *   onChanged: (changed: Changed) => void }} props
 */
export function Properties({ collection, image, label, onChanged }) {
  const { document, etag, reload } = image;
  const path = collectionPath(collection, 'images', document._id);
  const change = async (/** @type {object} */ body, more = {}) => {
    try {
      onChanged(await sendJson('PATCH', path, body, { 'If-Match': String(etag), ...more }));
      return null;
    } catch (/** @type {any} */ error) {
      if (error.status !== 412) return error.message || t('noAnswer');
      await reload();
      return t('changedMeanwhile');
    }
  };
  return html`
    <aside class="properties" aria-label=${t('properties')}>
      <h3>${t('properties')}</h3>
      <ul>
        ${propertiesOf(document).map(([name, value]) => html`
          <${Property} key=${name} name=${name} value=${value} isLabel=${name === label}
            onSave=${(/** @type {unknown} */ changed) => change({ [name]: changed })}
            onRemove=${() => change({ [name]: null }, MERGE)} />`)}
      </ul>
      <${NewProperty} onSave=${change} names=${Object.keys(document)} />
      <h3>${t('file')}</h3>
      <${Facts} document=${document} />
    </aside>`;
}

/**
 * @param {{ name: string, value: unknown, isLabel: boolean, onSave: (value: unknown) => Problem,
 *   onRemove: () => Problem }} props
 */
function Property({ name, value, isLabel, onSave, onRemove }) {
  const [draft, setDraft] = useState(/** @type {Draft | null} */ (null));
  const [said, setSaid] = useState('');
  const shown = draft ?? { type: typeOf(value), text: editedText(value) };
  const save = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const { value: typed, wrong } = read(shown);
    if (wrong) return setSaid(t(wrong));
    const problem = await onSave(typed);
    setSaid(problem ?? '');
    return problem ?? setDraft(null);
  };
  const setType = (/** @type {string} */ type) => setDraft({ ...shown, type });
  const setText = (/** @type {string} */ text) => setDraft({ ...shown, text });
  const leave = (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== 'Escape' || !draft) return;
    event.stopPropagation();
    setDraft(null);
    setSaid('');
  };
  return html`
    <li class="property">
      <form onSubmit=${save} onKeyDown=${leave}>
        <span class="name" title=${name}>
          ${isLabel && html`<i class=${`dot ${colorOf(valueText(value))}`}></i>`}${name}</span>
        <${TypeChoice} type=${shown.type} name=${name} onChange=${setType} />
        <button type="button" class="icon remove" aria-label=${t('removeProperty', { name })}
          title=${t('removeProperty', { name })} onClick=${async () => setSaid(await onRemove() ?? '')}>
          <${Icon} name="trash" /></button>
        <${ValueField} ...${shown} name=${name} onChange=${setText} />
        ${draft && html`
          <span class="buttons">
            <button type="button" class="small" onClick=${() => { setDraft(null); setSaid(''); }}>${t('cancel')}</button>
            <button class="small primary">${t('save')}</button></span>`}
        ${said && html`<p class="failed" role="alert">${said}
          ${draft && html` ${t('nowItIs', { value: valueText(value) })}`}</p>`}
      </form>
    </li>`;
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

/** @param {Draft & { name: string, onChange: (text: string) => void }} props */
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

/** @param {{ names: string[], onSave: (body: object) => Problem }} props */
function NewProperty({ names, onSave }) {
  const [open, setOpen] = useState(false);
  const [name, setName] = useState('');
  const [draft, setDraft] = useState({ type: 'text', text: '' });
  const [said, setSaid] = useState('');
  const save = async (/** @type {Event} */ event) => {
    event.preventDefault();
    const { value, wrong } = read(draft);
    if (names.includes(name)) return setSaid(t('nameTaken'));
    if (wrong) return setSaid(t(wrong));
    const problem = await onSave({ [name]: value });
    setSaid(problem ?? '');
    if (problem) return undefined;
    setOpen(false);
    setName('');
    return setDraft({ type: 'text', text: '' });
  };
  const setType = (/** @type {string} */ type) => setDraft({ ...draft, type });
  const setText = (/** @type {string} */ text) => setDraft({ ...draft, text });
  if (!open) return html`<button class="link" onClick=${() => setOpen(true)}>${t('addProperty')}</button>`;
  return html`
    <form class="property new" onSubmit=${save}>
      <input class="name" value=${name} required placeholder=${t('name')} aria-label=${t('name')}
        onInput=${(event) => setName(event.target.value)} />
      <${TypeChoice} type=${draft.type} name=${name} onChange=${setType} />
      <${ValueField} ...${draft} name=${t('value')} onChange=${setText} />
      <span class="buttons">
        <button type="button" class="small" onClick=${() => setOpen(false)}>${t('cancel')}</button>
        <button class="small primary">${t('save')}</button></span>
      ${said && html`<p class="failed" role="alert">${said}</p>`}
    </form>`;
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

/** @param {{ document: ImageDocument }} props */
function Facts({ document }) {
  const { width, height, size, type, sha256 } = document._file ?? {};
  /** @type {[string, string | number | false | undefined][]} */
  const facts = [
    ['stored', moment(document.time)], ['size', size !== undefined && bytes(size)], ['type', type],
    ['pixels', width && `${width} × ${height}`], ['id', document._id], ['sha256', sha256],
  ];
  return html`
    <dl class="facts">
      ${facts.filter(([, value]) => value).map(([name, value]) => html`
        <div key=${name}><dt>${t(name)}</dt><dd>${value}</dd></div>`)}
    </dl>`;
}
