// Changes of the open image's properties: saved one after the other, each with its undo.

import { revert } from '../bulk/bulk.js';
import { showImage } from '../page/shown-image.js';
import { ApiError, collectionPath, readJson, send, sendJson, tagOf } from '../parts/api.js';
import { toastUndo } from '../parts/toasts.js';
import { jsonText, valueAt, valueText } from '../parts/values.js';
import { t } from '../parts/words.js';
import { useRef } from '../vendor/preact-htm.js';

/** @import { ImageDocument } from '../parts/values.js' */
/** @import { Changed, OpenImage } from './neighbors.js' */

/**
 * @typedef {object} Edit
 * @property {string} name of a property
 * @property {unknown} [before] undefined if there was none
 * @property {unknown} [after] undefined takes the property away
 * @property {string} [said] what is said when it is saved, if not the value
 */
/** @typedef {(edit: Edit) => Promise<string | null>} Save a sentence comes if it was not saved */
/** @typedef {(changed: Changed) => void} OnChanged */

const MERGE = { 'Content-Type': 'application/merge-patch+json' };
const SHOWN_CHARACTERS = 60;

/**
 * What saves edits of an image. Each waits for the one before, whose ETag it needs.
 * @param {string} collection
 * @param {OpenImage & { document: ImageDocument }} image
 * @param {OnChanged} onChanged
 * @returns {Save}
 */
export function useSaving(collection, { document, etag, reload }, onChanged) {
  const path = collectionPath(collection, 'images', document._id);
  const tag = useRef(etag);
  tag.current = etag;
  const last = useRef(/** @type {Promise<unknown>} */ (Promise.resolve()));
  /** @param {Edit} edit */
  const change = async (edit) => {
    const changed = await patch(`${path}?revertible=true`, edit.name, edit.after, tag.current);
    tag.current = changed.etag;
    onChanged(changed);
    return {
      text: sentence(edit),
      undo: () => undo(collection, path, edit, changed.change, onChanged)
        .finally(() => showImage(collection, document._id)),
    };
  };
  /** @param {Edit} edit */
  const save = async (edit) => {
    const next = () => change(edit);
    try {
      await toastUndo(last.current.then(next, next));
      return null;
    } catch (/** @type {any} */ error) {
      if (error.status !== 412) return error.message || t('noAnswer');
      tag.current = (await reload()).etag;
      return t('changedMeanwhile');
    }
  };
  return (edit) => {
    const saved = save(edit);
    last.current = saved;
    return saved;
  };
}

/**
 * @param {string} collection
 * @param {string} path
 * @param {Edit} edit
 * @param {string | null} change
 * @param {OnChanged} onChanged
 */
async function undo(collection, path, edit, change, onChanged) {
  onChanged(await reverted(collection, path, change) ?? await setBack(path, edit));
  return t('undone', { n: 1 });
}

/**
 * What the image is once its change is reverted; null if the image was changed since.
 * @param {string} collection
 * @param {string} path
 * @param {string | null} change
 * @returns {Promise<Changed | null>}
 */
async function reverted(collection, path, change) {
  if (!change) return null;
  try {
    if ((await revert(collection, [change])).conflicts) return null;
  } catch (error) {
    // Its time is over, or it was not known to the end whether it was done.
    if (error instanceof ApiError && [404, 409].includes(error.status)) return null;
    throw error;
  }
  const response = await send(path);
  return { value: await readJson(response), etag: tagOf(response) };
}

/**
 * Set the property alone back, as others of the image were changed since.
 * @param {string} path
 * @param {Edit} edit
 */
async function setBack(path, { name, before, after }) {
  const response = await send(path);
  const now = valueAt(await readJson(response), name);
  if (jsonText(now) !== jsonText(after)) throw new Error(t('changedSince', { name }));
  return patch(path, name, before, tagOf(response));
}

/**
 * @param {string} path
 * @param {string} name
 * @param {unknown} value
 * @param {string | null | undefined} etag
 */
function patch(path, name, value, etag) {
  const headers = { 'If-Match': String(etag) };
  if (value !== undefined) return sendJson('PATCH', path, { [name]: value }, headers);
  return sendJson('PATCH', path, without(name), { ...headers, ...MERGE });
}

/**
 * The merge patch that takes a property away, also one inside of objects.
 * @param {string} name
 */
function without(name) {
  return name.split('.').reduceRight((inside, part) => ({ [part]: inside }), /** @type {any} */ (null));
}

/** @param {Edit} edit */
function sentence({ name, after, said }) {
  if (said) return said;
  if (after === undefined) return t('propertyRemoved', { name });
  return t('propertySaved', { name, value: valueText(after).slice(0, SHOWN_CHARACTERS) });
}
