// The list of documents that a page shows, and when it is to be made anew.

import { health } from '../parts/health.js';
import { uploads } from '../upload/uploads.js';
import { useEffect, useLayoutEffect, useRef, useState } from '../vendor/preact-htm.js';
import { Documents } from './documents.js';

/** @import { Condition } from '../parts/state.js' */

const LOOK_EVERY_MS = 15000;
// Without these the grid could not draw anything.
const ALWAYS = ['time', 'image', '_file'];

/**
 * The documents that conditions select. The old ones stay until the new ones are here.
 * @param {{ collection: string, conditions: Condition[], sort: string, names: string[],
 *   version: number }} wanted another version loads them again
 * @returns {Documents | null}
 */
export function useDocuments({ collection, conditions, sort, names, version }) {
  const [, draw] = useState();
  const shown = useRef(/** @type {Documents | null} */ (null));
  const query = listQuery(conditions, sort, names).toString();
  const { finished } = uploads.use();
  const { backAt } = health.use();
  // Before the page without images is painted, which takes as long as a request.
  useLayoutEffect(() => {
    const next = new Documents(collection, new URLSearchParams(query), () => {
      if (shown.current !== next) shown.current?.close();
      shown.current = next;
      draw({});
    });
    return () => { if (shown.current !== next) next.close(); };
  }, [collection, query, version, finished, backAt]);
  useEffect(() => () => shown.current?.close(), []);
  useEffect(() => {
    const look = () => document.hidden || shown.current?.look().catch(() => {});
    const timer = setInterval(look, LOOK_EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  return shown.current;
}

/**
 * @param {Condition[]} conditions
 * @param {string} sort
 * @param {string[]} names
 */
function listQuery(conditions, sort, names) {
  const query = new URLSearchParams(conditions);
  if (sort) query.set('sort', sort);
  const wanted = [...new Set([...ALWAYS, ...names])].filter(Boolean);
  // A name with a comma cannot be asked for; what is in another comes with it.
  const apart = wanted.filter((name) => !name.includes(',')
    && !wanted.some((other) => name.startsWith(`${other}.`)));
  query.set('fields', apart.join(','));
  return query;
}
