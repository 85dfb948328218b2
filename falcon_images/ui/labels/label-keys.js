// Which property keys set, to which values, and which keys these are.

import { allFields, likelyLabel, likelyValues } from '../filters/fields.js';
import { isKeyOfPage } from '../page/keys.js';
import { Dialog } from '../parts/dialog.js';
import { goOwn } from '../parts/state.js';
import { toast } from '../parts/toasts.js';
import { jsonText, typedText, typedValue, valueText } from '../parts/values.js';
import { t } from '../parts/words.js';
import { html, useEffect, useLayoutEffect, useState } from '../vendor/preact-htm.js';
import { colorOf } from './labels.js';
import { inForce, isSet, NO_LABELS, USUAL_KEYS } from './pressed.js';

/** @import { Field, Fields } from '../filters/fields.js' */
/** @import { Condition } from '../parts/state.js' */
/** @import { Labels } from './pressed.js' */

const STORED = 'falcon-images.labels.';
const KEYS = USUAL_KEYS.length;

/**
 * The label that is shown and set: from the address, else as it was last chosen for the
 * collection on this computer, else the likeliest, which stays the same while one works.
 * @param {{ collection: string, conditions: Condition[], own: Record<string, string>, fields: Fields }} of
 * @returns {Labels}
 */
export function useLabelKeys({ collection, conditions, own, fields }) {
  const [likely, setLikely] = useState(NO_LABELS);
  const chosen = chosenLabel(collection, own);
  const isNeeded = !likely.label && !(chosen.label && chosen.values.length);
  const guess = (/** @type {Field[]} */ fields) => {
    const label = chosen.label || likelyLabel(fields);
    if (label) setLikely({ ...NO_LABELS, label, values: likelyValues(fields, label) });
  };
  useEffect(() => {
    if (!isNeeded) return;
    // Of the images that some conditions select, not all labels may be known.
    if (!conditions.length) guess(fields.list);
    else allFields(collection).then(guess, () => {});
  }, [isNeeded, fields.list]);
  const labels = chosen.values.length ? chosen : { ...chosen, values: likely.values, label: chosen.label || likely.label };
  useLayoutEffect(() => { inForce.value = labels; }, [jsonText(labels)]);
  useEffect(() => () => { inForce.value = NO_LABELS; }, []);
  return labels;
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
  const keys = [...String(own.press ?? stored.keys ?? '').toLowerCase()];
  return {
    label, values: texts.slice(0, KEYS).map(valueText).map(typedValue),
    keys: keys.length === KEYS && !faultOf(keys) ? keys : USUAL_KEYS,
  };
}

/**
 * Why keys cannot be those of labels, or ''.
 * @param {string[]} keys
 */
function faultOf(keys) {
  const taken = keys.find((key) => isKeyOfPage(key));
  const twice = keys.find((key, at) => keys.indexOf(key) !== at);
  if (taken) return t('keyTaken', { key: taken.toUpperCase() });
  return twice ? t('keyTwice', { key: twice.toUpperCase() }) : '';
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
 * @param {string[]} keys
 */
function choose(collection, label, values, keys) {
  const texts = values.map((text) => text.trim()).slice(0, KEYS);
  while (texts.length && !texts.at(-1)) texts.pop();
  const press = String(keys) === String(USUAL_KEYS) ? '' : keys.join('');
  localStorage.setItem(STORED + collection, JSON.stringify({ label, values: texts, keys: press || undefined }));
  goOwn({ label, keys: texts.length ? JSON.stringify(texts) : '', press });
}

/**
 * The keys with their values, which can be pressed with the mouse too.
 * @param {{ labels: Labels, onMark: (key: number, event?: Event) => void, onSetUp: () => void,
 *   current: unknown }} props
 */
export function LabelBar({ labels, onMark, onSetUp, current }) {
  return html`
    <div class="label-bar" role="group" aria-label=${t('labels')}>
      ${labels.values.map((value, index) => isSet(value) && html`
        <button key=${index} class=${`label-key ${colorOf(valueText(value))}`}
          aria-pressed=${current === undefined ? undefined : String(current === value)}
          title=${t('setsLabel', { label: labels.label, value: valueText(value) })}
          onClick=${() => onMark(index + 1)}>
          <kbd>${labels.keys[index].toUpperCase()}</kbd><span>${valueText(value)}</span>
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
  const [keys, setKeys] = useState(labels.keys);
  const used = keys.map((key, at) => key.trim().toLowerCase() || USUAL_KEYS[at]);
  const fault = faultOf(used);
  const save = () => {
    if (fault) return;
    choose(collection, label.trim(), texts, used);
    toast(t('saved'));
    onClose();
  };
  /**
   * @param {number} at
   * @param {string} key
   */
  const putKey = (at, key) => setKeys(keys.map((old, index) => (index === at ? key : old)));
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
            <div class="row" key=${at}>
              <input class="key" value=${keys[at].toUpperCase()} maxlength="1" aria-label=${t('keyOfValue', { n: at + 1 })}
                autocomplete="off" onFocus=${(event) => event.target.select()}
                onInput=${(event) => putKey(at, event.target.value)} />
              <input value=${text} aria-label=${t('valueOfKey', { key: used[at].toUpperCase() })}
                onInput=${(event) => put(at, event.target.value)} /></div>`)}
        </div>
        ${fault && html`<p class="failed" role="alert">${fault}</p>`}
        <div class="buttons">
          <button type="button" onClick=${onClose}>${t('cancel')}</button>
          <button class="primary" disabled=${Boolean(fault)}>${t('save')}</button>
        </div>
      </form>
    </${Dialog}>`;
}
