// Pictures, fetched a few at a time, and only those that somebody still looks at.

import { ApiError, collectionPath, send } from '../parts/api.js';

const AT_ONCE = 5;
const MOST_CACHED = 600;
const SETTLE_MS = 50;

/** @typedef {{src: string, state: string}} Picture `state`: ok, unavailable, damaged, missing or failed */

/** @typedef {{ path: string, onReady: (picture: Picture) => void, turn: number }} Want */

/** @type {Map<string, Picture>} */
const cache = new Map();
/** @type {Want[]} */
let waiting = [];
/** @type {Map<string, { controller: AbortController, wants: Set<Want> }>} */
const running = new Map();
let timer = 0;
let turn = 0;

/**
 * The path of an image's thumbnail.
 * @param {string} collection
 * @param {string} id
 * @param {string} [size]
 */
export function thumbnailPath(collection, id, size = 'small') {
  return `${collectionPath(collection, 'images', id, 'thumbnail')}?size=${size}`;
}

/**
 * The picture of a path, if it is here already.
 * @param {string} path
 */
export function cachedPicture(path) {
  const picture = cache.get(path);
  if (!picture) return undefined;
  cache.delete(path);
  cache.set(path, picture);
  return picture;
}

/**
 * Fetch a picture soon; of those asked for together the first, and the latest of all before others.
 * @param {string} path
 * @param {(picture: Picture) => void} onReady
 * @returns {() => void} what to call when it is not wanted any more
 */
export function wantPicture(path, onReady) {
  const want = { path, onReady, turn };
  waiting.push(want);
  // Whoever scrolls past in less than this time asks the service for nothing.
  clearTimeout(timer);
  timer = setTimeout(fetchThese, SETTLE_MS);
  return () => unwant(want);
}

/**
 * Fetch the bytes of a picture, for a download or the full view.
 * @param {string} path
 * @param {AbortSignal} [signal]
 */
export async function pictureBlob(path, signal) {
  return (await send(path, { signal })).blob();
}

/** @param {Want} want */
function unwant(want) {
  waiting = waiting.filter((other) => other !== want);
  const run = running.get(want.path);
  if (!run) return;
  run.wants.delete(want);
  if (!run.wants.size) run.controller.abort();
}

function fetchThese() {
  turn += 1;
  fetchNext();
}

function takeNext() {
  const latest = Math.max(...waiting.map((want) => want.turn));
  return waiting.splice(waiting.findIndex((want) => want.turn === latest), 1)[0];
}

function fetchNext() {
  while (running.size < AT_ONCE && waiting.length) {
    const want = takeNext();
    const picture = cache.get(want.path);
    if (picture) want.onReady(picture);
    else if (running.has(want.path)) running.get(want.path)?.wants.add(want);
    else fetchPicture(want);
  }
}

/** @param {Want} want */
async function fetchPicture(want) {
  const run = { controller: new AbortController(), wants: new Set([want]) };
  running.set(want.path, run);
  const picture = await load(want.path, run.controller.signal);
  running.delete(want.path);
  if (picture) for (const { onReady } of run.wants) onReady(picture);
  // It was given up, and then wanted again before that was done.
  else waiting.push(...run.wants);
  fetchNext();
}

/**
 * @param {string} path
 * @param {AbortSignal} signal
 * @returns {Promise<Picture | null>}
 */
async function load(path, signal) {
  try {
    const response = await send(path, { signal });
    const state = response.headers.get('X-Thumbnail') ?? 'ok';
    return keep(path, { src: URL.createObjectURL(await response.blob()), state });
  } catch (/** @type {any} */ error) {
    if (error.name === 'AbortError') return null;
    return { src: '', state: error instanceof ApiError && error.status === 404 ? 'missing' : 'failed' };
  }
}

/**
 * @param {string} path
 * @param {Picture} picture
 */
function keep(path, picture) {
  cache.set(path, picture);
  if (cache.size > MOST_CACHED) {
    const [[oldest, { src }]] = cache;
    cache.delete(oldest);
    URL.revokeObjectURL(src);
  }
  return picture;
}
