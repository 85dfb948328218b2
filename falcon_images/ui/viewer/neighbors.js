// The document of the open image, and those before and after it in the list.

import { collectionPath, json, send } from '../parts/api.js';
import { health } from '../parts/health.js';
import { useEffect, useState } from '../vendor/preact-htm.js';

/**
 * The document of an image with its ETag.
 * @returns {{document?: object, etag?: string, error?: Error, put: Function, reload: Function}}
 */
export function useImage(collection, id, version) {
  const [found, setFound] = useState({});
  const { backAt } = health.use();
  const load = async (signal) => {
    try {
      const response = await send(collectionPath(collection, 'images', id), { signal });
      const next = { id, document: await response.json(), etag: response.headers.get('ETag') };
      setFound(next);
      return next;
    } catch (error) {
      if (error.name !== 'AbortError') setFound({ id, error });
      return {};
    }
  };
  useEffect(() => {
    const controller = new AbortController();
    load(controller.signal);
    return () => controller.abort();
  }, [collection, id, backAt, version]);
  const put = ({ value, etag }) => setFound({ id, document: value, etag });
  return { ...(found.id === id ? found : {}), put, reload: load };
}

/**
 * The documents before and after an image, in the order of the list.
 * @returns {{known?: boolean, previous?: object, next?: object}} `known` once the service has
 *     answered, and when it could not
 */
export function useNeighbors({ collection, conditions, sort, image }) {
  const [found, setFound] = useState({});
  const query = new URLSearchParams(conditions);
  if (sort) query.set('sort', sort);
  query.set('fields', 'image,time,_file');
  const path = `${collectionPath(collection, 'images', image, 'neighbors')}?${query}`;
  const { backAt } = health.use();
  useEffect(() => {
    const controller = new AbortController();
    json(path, { signal: controller.signal })
      .then((neighbors) => setFound({ path, known: true, ...neighbors }), (error) => {
        if (error.name !== 'AbortError') setFound({ path, known: true });
      });
    return () => controller.abort();
  }, [path, backAt]);
  return found.path === path ? found : {};
}
