// The picture of an image in full: its file, its pixels in 16 bit, or a preview.

import { collectionPath } from '../parts/api.js';
import { readDeepPicture } from './deep-picture.js';
import { cachedPicture, pictureBlob, thumbnailPath } from './pictures.js';

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
 * @property {import('./deep-picture.js').DeepPicture} [deep]
 */

const cache = new Map();

/** Fetch the picture of an image; the last few stay in a cache. */
export function fullPicture(collection, document) {
  const path = collectionPath(collection, 'images', document._id, 'image');
  const entry = cache.get(path) ?? begin(collection, document, path);
  cache.delete(path);
  cache.set(path, entry);
  if (cache.size > MOST_CACHED) drop(cache.keys().next().value);
  return entry.picture;
}

/** Fetch the picture of an image that may be asked for next. */
export function preloadPicture(collection, document) {
  const size = document._file?.size ?? 0;
  if (size < PRELOADED_BYTES) fullPicture(collection, document).catch(() => {});
}

/** What can be shown at once while the picture is on its way, or undefined. */
export function placeholder(collection, id) {
  const sizes = ['large', 'medium', 'small'];
  return sizes.map((size) => cachedPicture(thumbnailPath(collection, id, size)))
    .find((picture) => picture?.state === 'ok')?.src;
}

function begin(collection, document, path) {
  const controller = new AbortController();
  const picture = load(collection, document, path, controller.signal);
  const entry = { picture, controller };
  // What failed is asked for again the next time.
  picture.catch(() => { if (cache.get(path) === entry) cache.delete(path); });
  return entry;
}

function drop(path) {
  const { picture, controller } = cache.get(path);
  cache.delete(path);
  controller.abort();
  picture.then(({ src }) => src && URL.revokeObjectURL(src), () => {});
}

async function load(collection, document, path, signal) {
  const type = document._file?.type ?? 'image/jpeg';
  if (DRAWN.has(type) && type !== 'image/png') return fromFile(await pictureBlob(path, signal));
  if (type !== 'image/svg+xml') {
    const blob = await pictureBlob(path, signal);
    const deep = await readDeepPicture(blob).catch(() => null);
    if (deep) return { kind: 'deep', deep };
    if (DRAWN.has(type)) return fromFile(blob);
  }
  const preview = await pictureBlob(thumbnailPath(collection, document._id, 'large'), signal);
  return { kind: 'preview', src: URL.createObjectURL(preview) };
}

function fromFile(blob) {
  return { kind: 'file', src: URL.createObjectURL(blob) };
}
