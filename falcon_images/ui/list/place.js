// Where in the list one is: kept in the address, so that a reload, going back and a link lead
// there again.

import { formatView, keepPlace, view, visits } from '../parts/state.js';
import { useEffect, useLayoutEffect, useRef } from '../vendor/preact-htm.js';

/** @import { Documents } from './documents.js' */
/** @import { useRows } from './scroll.js' */

/** @typedef {ReturnType<typeof useRows>} Rows */

// Browsers refuse an address that changes too often.
const SETTLE_MS = 300;

/** Return what to call when the list shows another place. */
export function useKeptPlace() {
  const timer = useRef(0);
  const shown = useRef(/** @type {Rows | null} */ (null));
  useEffect(() => () => clearTimeout(timer.current), []);
  const moved = () => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => { if (shown.current) keepPlace(shown.current.at()); }, SETTLE_MS);
  };
  return { shown, moved };
}

/**
 * Go to the place of the address, as soon as there is a list that long, unless somebody has
 * gone elsewhere by then.
 * @param {Rows} rows
 * @param {Documents} documents
 * @param {number} total
 * @param {boolean} isMeasured
 */
export function useAddressedPlace(rows, documents, total, isMeasured) {
  const visit = visits.use();
  const wanted = useRef({ visit: -1, at: 0, top: -1 });
  if (wanted.current.visit !== visit) {
    wanted.current = { visit, at: Number(view.value.own.at) || 0, top: -1 };
  }
  useLayoutEffect(() => {
    const { at, top } = wanted.current;
    if (!isMeasured || (top >= 0 && rows.topOf() !== top)) return;
    rows.goTo(at);
    wanted.current.top = rows.topOf();
  }, [documents, total, isMeasured, visit]);
}

/** Return what makes the address of an image, with its own place in the list. */
export function addresses() {
  const here = formatView({ ...view.value, image: '', own: { ...view.value.own, at: '', compare: '' } });
  const beginning = here + (here.includes('?') ? '&' : '?');
  return (/** @type {number} */ index, /** @type {string} */ id) => `${beginning}.at=${index}&.image=${id}`;
}
