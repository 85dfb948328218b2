// Which property the keys 1 to 9 set, and to which values.

import { allFields, likelyLabel, likelyValues } from '../filters/fields.js';
import { Dialog } from '../parts/dialog.js';
import { goOwn } from '../parts/state.js';
import { typedText, typedValue, valueText } from '../parts/values.js';
import { t } from '../parts/words.js';
import { html, useEffect, useState } from '../vendor/preact-htm.js';
import { colorOf } from './labels.js';

/** @import { Field, Fields } from '../filters/fields.js' */
/** @import { Condition } from '../parts/state.js' */

/** @typedef {{ label: string, values: any[] }} Labels a property, and its values by their keys */

const STORED = 'falcon-images.labels.';
const KEYS = 9;
/** @type {Labels} */
const NO_LABEL = { label: '', values: [] };

/**
 * The label that is shown and set: from the address, else as it was last chosen for the
 * collection on this computer, else the likeliest, which stays the same while one works.
 * @param {{ collection: string, conditions: Condition[], own: Record<string, string>, fields: Fields }} of
 * @returns {Labels}
 */
export function useLabelKeys({ collection, conditions, own, fields }) {
  const [likely, setLikely] = useState(NO_LABEL);
  const chosen = chosenLabel(collection, own);
  const isNeeded = !likely.label && !(chosen.label && chosen.values.length);
  const guess = (/** @type {Field[]} */ fields) => {
    const label = chosen.label || likelyLabel(fields);
    if (label) setLikely({ label, values: likelyValues(fields, label) });
  };
  useEffect(() => {
    if (!isNeeded) return;
    // Of the images that some conditions select, not all labels may be known.
    if (!conditions.length) guess(fields.list);
    else allFields(collection).then(guess, () => {});
  }, [isNeeded, fields.list]);
  return chosen.values.length ? chosen : { ...likely, label: chosen.label || likely.label };
}

/**
 * @param {string} collection
 * @param {Record<string, string>} own
 * @returns {Labels}
 */
function chosenLabel(collection, own) {
  const stored = read(localStorage.getItem(STORED + collection));
  const label = own.label || stored.label || '';
  const kept = stored.label === label && Array.isArray(stored.values) ? stored.values : [];
  const given = read(own.keys, []);
  const texts = Array.isArray(given) && given.length ? given : kept;
  return { label, values: texts.slice(0, KEYS).map(valueText).map(typedValue) };
}

/**
 * @param {string | null | undefined} text
 * @param {any} [otherwise]
 * @returns {any}
 */
function read(text, otherwise = {}) {
  try {
    return JSON.parse(text ?? '') ?? otherwise;
  } catch {
    return otherwise;
  }
}

/**
 * @param {string} collection
 * @param {string} label
 * @param {string[]} values
 */
function choose(collection, label, values) {
  const texts = values.map((text) => text.trim()).slice(0, KEYS);
  while (texts.length && !texts.at(-1)) texts.pop();
  localStorage.setItem(STORED + collection, JSON.stringify({ label, values: texts }));
  goOwn({ label, keys: texts.length ? JSON.stringify(texts) : '' });
}

/**
 * The keys with their values, which can be pressed with the mouse too.
 * @param {{ labels: Labels, onMark: (key: number, event?: Event) => void, onSetUp: () => void,
 *   current: unknown }} props
 */
export function LabelBar({ labels, onMark, onSetUp, current }) {
  return html`
    <div class="label-bar" role="group" aria-label=${t('labels')}>
      ${labels.values.map((value, index) => value !== '' && html`
        <button key=${index} class=${`label-key ${colorOf(valueText(value))}`}
          aria-pressed=${current === undefined ? undefined : String(current === value)}
          title=${t('setsLabel', { label: labels.label, value: valueText(value) })}
          onClick=${() => onMark(index + 1)}>
          <kbd>${index + 1}</kbd><span>${valueText(value)}</span>
        </button>`)}
      <button class="link" onClick=${onSetUp}>${t(labels.values.length ? 'changeKeys' : 'setUpKeys')}</button>
    </div>`;
}

/**
 * The dialog in which a property and its values are chosen.
 * @param {{ collection: string, labels: Labels, fields: Field[], onClose: () => void }} props
 */
export function LabelKeysDialog({ collection, labels, fields, onClose }) {
  const [label, setLabel] = useState(labels.label);
  const [texts, setTexts] = useState(() =>
    Array.from({ length: KEYS }, (_, at) => (at in labels.values ? typedText(labels.values[at]) : '')));
  /**
   * @param {number} at
   * @param {string} text
   */
  const put = (at, text) => setTexts(texts.map((old, index) => (index === at ? text : old)));
  const save = () => { choose(collection, label.trim(), texts); onClose(); };
  /** @param {string} name */
  const use = (name) => {
    setLabel(name);
    const likely = likelyValues(fields, name).map(typedText);
    if (likely.length) setTexts(texts.map((_, at) => likely[at] ?? ''));
  };
  return html`
    <${Dialog} title=${t('labelKeys')} onClose=${onClose}>
      <form method="dialog" onSubmit=${(event) => { event.preventDefault(); save(); }}>
        <p class="muted">${t('labelKeysHelp')}</p>
        <label class="row">${t('property')}
          <input list="property-names" value=${label} required autofocus
            onChange=${(event) => use(event.target.value)} />
        </label>
        <datalist id="property-names">${fields.map(({ name }) => html`<option value=${name} />`)}</datalist>
        <div class="key-values">
          ${texts.map((text, at) => html`
            <label class="row" key=${at}><kbd>${at + 1}</kbd>
              <input value=${text} aria-label=${t('valueOfKey', { key: at + 1 })}
                onInput=${(event) => put(at, event.target.value)} /></label>`)}
        </div>
        <div class="buttons">
          <button type="button" onClick=${onClose}>${t('cancel')}</button>
          <button class="primary">${t('save')}</button>
        </div>
      </form>
    </${Dialog}>`;
}
