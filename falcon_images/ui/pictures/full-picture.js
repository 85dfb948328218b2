// The picture of an image in full: its file, its pixels in 16 bit, or a preview.

import { collectionPath } from '../parts/api.js';
import { readDeepPicture } from './deep-picture.js';
import { readHead } from './file-head.js';
import { cachedPicture, pictureBlob, thumbnailPath } from './pictures.js';

/** @import { ImageDocument } from '../parts/values.js' */
/** @import { Brightness, DeepPicture } from './deep-picture.js' */
/** @import { FileHead } from './file-head.js' */

// What every browser of today draws by itself.
const DRAWN = new Set([
  'image/jpeg', 'image/png', 'image/gif', 'image/webp', 'image/avif', 'image/bmp',
]);
const MOST_CACHED = 6;
const PRELOADED_BYTES = 30 * 1024 ** 2;

/**
 * @typedef {object} FullPicture
 * @property {'file'|'deep'|'preview'} kind
 * @property {string} [src] an address of the page's own (file and preview)
 * @property {DeepPicture} [deep]
 * @property {Blob} [blob] the file, where the browser draws it
 * @property {FileHead} head
 * @property {Brightness} [brightness] of `deep`, once it was asked for
 */

/** @typedef {{ picture: Promise<FullPicture>, controller: AbortController }} Entry */

/** @type {Map<string, Entry>} */
const cache = new Map();

/**
 * Fetch the picture of an image; the last few stay in a cache.
 * @param {string} collection
 * @param {ImageDocument} document
 */
export function fullPicture(collection, document) {
  const path = collectionPath(collection, 'images', document._id, 'image');
  const entry = cache.get(path) ?? begin(collection, document, path);
  cache.delete(path);
  cache.set(path, entry);
  const [oldest] = cache.keys();
  if (cache.size > MOST_CACHED) drop(oldest);
  return entry.picture;
}

/**
 * Fetch the picture of an image that may be asked for next.
 * @param {string} collection
 * @param {ImageDocument} document
 */
export function preloadPicture(collection, document) {
  const size = document._file?.size ?? 0;
  if (size < PRELOADED_BYTES) fullPicture(collection, document).catch(() => {});
}

/**
 * What can be shown at once while the picture is on its way, or undefined.
 * @param {string} collection
 * @param {string} id
 */
export function placeholder(collection, id) {
  const sizes = ['large', 'medium', 'small'];
  return sizes.map((size) => cachedPicture(thumbnailPath(collection, id, size)))
    .find((picture) => picture?.state === 'ok')?.src;
}

/**
 * @param {string} collection
 * @param {ImageDocument} document
 * @param {string} path
 */
function begin(collection, document, path) {
  const controller = new AbortController();
  const picture = load(collection, document, path, controller.signal);
  const entry = { picture, controller };
  // What failed is asked for again the next time.
  picture.catch(() => { if (cache.get(path) === entry) cache.delete(path); });
  return entry;
}

/** @param {string} path */
function drop(path) {
  const entry = cache.get(path);
  cache.delete(path);
  entry?.controller.abort();
  entry?.picture.then(({ src }) => src && URL.revokeObjectURL(src), () => {});
}

/**
 * @param {string} collection
 * @param {ImageDocument} document
 * @param {string} path
 * @param {AbortSignal} signal
 * @returns {Promise<FullPicture>}
 */
async function load(collection, document, path, signal) {
  const type = document._file?.type ?? 'image/jpeg';
  if (DRAWN.has(type) && type !== 'image/png') return fromFile(await pictureBlob(path, signal));
  if (type !== 'image/svg+xml') {
    const blob = await pictureBlob(path, signal);
    const deep = await readDeepPicture(blob).catch(() => null);
    // These are drawn here, row by row as they are stored.
    if (deep) return { kind: 'deep', deep, head: { orientation: 1 } };
    if (DRAWN.has(type)) return fromFile(blob);
    return preview(collection, document, await readHead(blob), signal);
  }
  return preview(collection, document, { orientation: 1 }, signal);
}

/**
 * @param {string} collection
 * @param {ImageDocument} document
 * @param {FileHead} head
 * @param {AbortSignal} signal
 * @returns {Promise<FullPicture>}
 */
async function preview(collection, { _id }, head, signal) {
  const blob = await pictureBlob(thumbnailPath(collection, _id, 'large'), signal);
  return { kind: 'preview', src: URL.createObjectURL(blob), head };
}

/**
 * @param {Blob} blob
 * @returns {Promise<FullPicture>}
 */
async function fromFile(blob) {
  return { kind: 'file', src: URL.createObjectURL(blob), blob, head: await readHead(blob) };
}
