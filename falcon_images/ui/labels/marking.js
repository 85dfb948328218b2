// The label of one image, set by a key: at once on the page, undone if need be.

import { collectionPath, sendJson } from '../parts/api.js';
import { lookUp } from '../parts/look-up.js';
import { toast, toastError, toastUndo } from '../parts/toasts.js';
import { valueAt, valueText } from '../parts/values.js';
import { t } from '../parts/words.js';

/**
 * Set the label of an image.
 * @param {object} mark `collection`, `document`, `label` (a property's name), `value`
 * @param {(document: object) => void} put shows what the document has become
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
  } catch (error) {
    put(document);
    toastError(error);
  }
}

function setBack(path, label, before, etag) {
  // Only if nobody has changed the image since.
  const headers = { 'If-Match': etag };
  if (before !== undefined) return sendJson('PATCH', path, { [label]: before }, headers);
  headers['Content-Type'] = 'application/merge-patch+json';
  return sendJson('PATCH', path, nested(label.split('.'), null), headers);
}

function withLabel(document, label, value) {
  const [first, ...rest] = label.split('.');
  if (!rest.length) return { ...document, [first]: value };
  const inner = lookUp(document, first);
  const object = inner !== null && typeof inner === 'object' ? inner : {};
  return { ...document, [first]: withLabel(object, rest.join('.'), value) };
}

function nested([first, ...rest], value) {
  return { [first]: rest.length ? nested(rest, value) : value };
}

/** Say that a key has no value yet. */
export function toastNoLabel(key) {
  toast(t('keyWithoutValue', { key }));
}

