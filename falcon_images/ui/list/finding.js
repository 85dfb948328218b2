// The place of an image in the list, which may be far from what is loaded.

import { send, totalOf } from '../parts/api.js';
import { view } from '../parts/state.js';
import { useEffect } from '../vendor/preact-htm.js';

/** @import { Chosen, Loaded } from '../page/use-collection.js' */
/** @import { View } from '../parts/state.js' */
/** @import { ImageDocument } from '../parts/values.js' */
/** @import { Documents } from './documents.js' */

// In these orders those before an image can be counted.
const BEFORE = new Map([['', 'gt_time'], ['-time', 'gt_time'], ['time', 'lt_time']]);
const NEARBY = 200;
const FARTHEST = 600;

/**
 * Make the open image the active one of the list, wherever in it it is.
 * @param {View} shown
 * @param {Loaded} loaded
 * @param {Chosen} chosen
 * @param {ImageDocument | undefined} document
 */
export function useFoundPlace({ image, sort }, { documents }, { active, setActive }, document) {
  const isKnown = document?._id === image;
  useEffect(() => {
    let here = true;
    if (!documents || !isKnown || documents.get(active)?._id === image) return undefined;
    findIndex(documents, document, sort).then((index) => {
      if (here && index >= 0) setActive(index);
    }, () => {});
    return () => { here = false; };
  }, [documents, image, isKnown]);
}

/**
 * The index of an image in a list, or -1.
 * @param {Documents} documents
 * @param {ImageDocument} document
 * @param {string} sort
 */
async function findIndex(documents, document, sort) {
  const here = documents.indexOf(document._id);
  if (here >= 0) return here;
  const guess = await countBefore(documents, document, sort) ?? (Number(view.value.own.at) || 0);
  for (let far = 0; far <= FARTHEST; far += NEARBY) {
    for (const index of far ? [guess + far, guess - far] : [guess]) {
      if (index < 0) continue;
      await documents.range(Math.floor(index), Math.floor(index));
      const found = documents.indexOf(document._id);
      if (found >= 0) return found;
    }
  }
  return -1;
}

/**
 * @param {Documents} documents
 * @param {ImageDocument} document
 * @param {string} sort
 */
async function countBefore({ path, query }, document, sort) {
  const condition = BEFORE.get(sort);
  if (!condition) return null;
  const params = new URLSearchParams([...query, [condition, document.time]]);
  try {
    return totalOf(await send(`${path}?${params}`, { method: 'HEAD' })).total;
  } catch {
    // Such as a condition of this kind that is there already.
    return null;
  }
}
