// The document of the open image, and those before and after it in the list.

import { collectionPath, json, readJson, send, tagOf } from '../parts/api.js';
import { isPassing, useRetries } from '../parts/health.js';
import { useEffect, useRef, useState } from '../vendor/preact-htm.js';

/** @import { View } from '../parts/state.js' */
/** @import { ImageDocument } from '../parts/values.js' */

/** @typedef {{ value: ImageDocument, etag: string | null }} Changed what a change has made of it */
/** @typedef {{ id?: string, document?: ImageDocument, etag?: string | null, error?: any }} Found */
/**
 * @typedef {Found & { put: (changed: Changed) => void, reload: () => Promise<Found>,
 *   again: () => void }} OpenImage
 */

/**
 * @typedef {object} Neighbors
 * @property {boolean} [known] once the service has answered, and when it could not
 * @property {ImageDocument | null} [previous]
 * @property {ImageDocument | null} [next]
 */

/**
 * The document of an image with its ETag.
 * @param {string} collection
 * @param {string} id none if it is ''
 * @param {unknown} version another one loads it again
 * @returns {OpenImage}
 */
export function useImage(collection, id, version) {
  const [found, setFound] = useState(/** @type {Found} */ ({}));
  const { turn, again } = useRetries(found.id === id ? found.error : undefined);
  const open = useRef(id);
  open.current = id;
  // What comes of an image when another is open by then is not for this one.
  const show = (/** @type {Found} */ next) => { if (next.id === open.current) setFound(next); };
  // What is shown stays while the service does not answer; what is gone does not.
  const fail = (/** @type {any} */ error) => setFound((now) => (
    now.id === id && isPassing(error) ? { ...now, error } : { id, error }));
  const load = async (/** @type {AbortSignal | undefined} */ signal) => {
    try {
      const response = await send(collectionPath(collection, 'images', id), { signal });
      const next = { id, document: await readJson(response), etag: tagOf(response) };
      show(next);
      return next;
    } catch (/** @type {any} */ error) {
      if (error.name !== 'AbortError' && id === open.current) fail(error);
      return {};
    }
  };
  useEffect(() => {
    if (!id) return undefined;
    const controller = new AbortController();
    load(controller.signal);
    return () => controller.abort();
  }, [collection, id, turn, version]);
  const put = (/** @type {Changed} */ { value, etag }) => show({ id, document: value, etag });
  return { ...(found.id === id ? found : {}), put, reload: () => load(undefined), again };
}

/**
 * The documents before and after an image, in the order of the list.
 * @param {View} view
 * @returns {Neighbors}
 */
export function useNeighbors({ collection, conditions, sort, image }) {
  const [found, setFound] = useState(/** @type {Neighbors & { path?: string, error?: unknown }} */ ({}));
  const query = new URLSearchParams(conditions);
  if (sort) query.set('sort', sort);
  query.set('fields', 'image,time,_file');
  const path = `${collectionPath(collection, 'images', image, 'neighbors')}?${query}`;
  const { turn } = useRetries(found.error);
  useEffect(() => {
    const controller = new AbortController();
    json(path, { signal: controller.signal })
      .then((neighbors) => setFound({ path, known: true, ...neighbors }), (error) => {
        if (error.name !== 'AbortError') setFound({ path, known: true, error });
      });
    return () => controller.abort();
  }, [path, turn]);
  return found.path === path ? found : {};
}
