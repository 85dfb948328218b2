// The label of one image, set by a key: at once on the page, undone if need be.

import { collectionPath, sendJson } from '../parts/api.js';
import { warnWhen } from '../parts/leaving.js';
import { lookUp } from '../parts/look-up.js';
import { toast, toastError, toastUndo } from '../parts/toasts.js';
import { valueAt, valueText } from '../parts/values.js';
import { t } from '../parts/words.js';
import { ChangedMeanwhileError, remember, sendLabel, UNKNOWN } from './sent-marks.js';

/** @import { ImageDocument } from '../parts/values.js' */

/**
 * @typedef {object} Mark
 * @property {string} collection
 * @property {ImageDocument} document
 * @property {string} label a property's name
 * @property {unknown} value
 * @property {boolean} isSeen whether the document has the label that the image had
 */
/** @typedef {(document: ImageDocument) => void} Put shows what the document has become */
/** @typedef {(id: string) => void} Show makes an image the active one */

/** @type {Map<string, Promise<unknown>>} */
const lastOf = new Map();
warnWhen(() => lastOf.size > 0);

/**
 * Set the label of an image.
 * @param {Mark} mark
 * @param {Put} put
 * @param {Show} show
 */
export async function markImage(mark, put, show) {
  const { collection, document, label, value } = mark;
  const path = collectionPath(collection, 'images', document._id);
  put(withLabel(document, label, value));
  try {
    await toastUndo(inTurn(path, () => sendMark(path, mark, put, show)));
  } catch (/** @type {any} */ error) {
    put(error instanceof ChangedMeanwhileError ? error.now : document);
    if (error instanceof ChangedMeanwhileError) toastError(error);
    else toast(t('notLabelled', { name: document.image, why: error.message || t('noAnswer') }), { failed: true });
  }
}

/**
 * Labels of one image are sent one after the other: the last one stays.
 * @template T
 * @param {string} path
 * @param {() => Promise<T>} act
 * @returns {Promise<T>}
 */
async function inTurn(path, act) {
  const before = lastOf.get(path);
  const done = before ? before.then(act, act) : act();
  lastOf.set(path, done);
  try {
    return await done;
  } finally {
    if (lastOf.get(path) === done) lastOf.delete(path);
  }
}

/**
 * @param {string} path
 * @param {Mark} mark
 * @param {Put} put
 * @param {Show} show
 */
async function sendMark(path, { document, label, value, isSeen }, put, show) {
  const changed = await sendLabel(path, label, isSeen ? valueAt(document, label) : UNKNOWN, value);
  put(changed.value);
  const text = t('labelled', { name: document.image, value: valueText(value) });
  const undo = async () => {
    put(remember(path, await setBack(path, label, changed.before, changed.etag)).value);
    show(document._id);
    return t('undone', { n: 1 });
  };
  return { text, undo };
}

/**
 * @param {string} path
 * @param {string} label
 * @param {unknown} before
 * @param {string | null} etag
 */
function setBack(path, label, before, etag) {
  // Only if nobody has changed the image since.
  /** @type {Record<string, string>} */
  const headers = { 'If-Match': String(etag) };
  if (before !== undefined) return sendJson('PATCH', path, { [label]: before }, headers);
  headers['Content-Type'] = 'application/merge-patch+json';
  return sendJson('PATCH', path, nested(label.split('.'), null), headers);
}

/**
 * @template {object} T
 * @param {T} document
 * @param {string} label
 * @param {unknown} value
 * @returns {T}
 */
function withLabel(document, label, value) {
  const [first, ...rest] = label.split('.');
  if (!rest.length) return { ...document, [first]: value };
  const inner = lookUp(/** @type {any} */ (document), first);
  const object = inner !== null && typeof inner === 'object' ? inner : {};
  return { ...document, [first]: withLabel(object, rest.join('.'), value) };
}

/**
 * @param {string[]} names
 * @param {unknown} value
 * @returns {object}
 */
function nested([first, ...rest], value) {
  return { [first]: rest.length ? nested(rest, value) : value };
}

/**
 * Say that a key has no value yet.
 * @param {string} key
 */
export function toastNoLabel(key) {
  toast(t('keyWithoutValue', { key: key.toUpperCase() }));
}

