// The label of one image, set by a key: at once on the page, undone if need be.

import { collectionPath, sendJson } from '../parts/api.js';
import { lookUp } from '../parts/look-up.js';
import { toast, toastError, toastUndo } from '../parts/toasts.js';
import { valueAt, valueText } from '../parts/values.js';
import { t } from '../parts/words.js';

/** @import { ImageDocument } from '../parts/values.js' */

/**
 * Set the label of an image.
 * @param {{ collection: string, document: ImageDocument, label: string, value: unknown }} mark
 *   `label` is a property's name
 * @param {(document: ImageDocument) => void} put shows what the document has become
 */
export async function markImage({ collection, document, label, value }, put) {
  const before = valueAt(document, label);
  put(withLabel(document, label, value));
  try {
    const path = collectionPath(collection, 'images', document._id);
    const changed = await sendJson('PATCH', path, { [label]: value });
    put(changed.value);
    toastUndo(t('labelled', { name: document.image, value: valueText(value) }), async () => {
      const undone = await setBack(path, label, before, changed.etag);
      put(undone.value);
      return t('undone', { n: 1 });
    });
  } catch (/** @type {any} */ error) {
    put(document);
    toastError(error);
  }
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
 * @param {number} key
 */
export function toastNoLabel(key) {
  toast(t('keyWithoutValue', { key }));
}

