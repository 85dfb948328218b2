// Which images are looked at side by side; the address has their ids.

import { go, view } from '../parts/state.js';

/** @import { View } from '../parts/state.js' */
/** @import { ImageDocument } from '../parts/values.js' */

/** Of more than these, each would be too small. */
export const MOST_COMPARED = 4;
export const LEAST_COMPARED = 2;

/**
 * Open images side by side, if they are so few.
 * @param {string[]} ids
 */
export function compareAll(ids) {
  if (ids.length < LEAST_COMPARED || ids.length > MOST_COMPARED) return;
  go({ image: ids[0], own: { ...view.value.own, compare: ids.join(',') } });
}

/**
 * The ids of the images that are shown: those that are compared, or the open one alone.
 * @param {View} view
 */
export function comparedIds({ image, own }) {
  const ids = [...new Set((own.compare ?? '').split(',').filter(Boolean))].slice(0, MOST_COMPARED);
  return ids.length >= LEAST_COMPARED && ids.includes(image) ? ids : [image];
}

/**
 * Images that are compared, and one more beside the open one.
 * @param {string[]} ids
 * @param {string} open
 * @param {string} added
 */
export function withAnother(ids, open, added) {
  const place = ids.indexOf(open) + 1;
  return [...ids.slice(0, place), added, ...ids.slice(place)];
}

/**
 * What the address says of images that are compared once one is in the place of another, unless
 * it is there already.
 * @param {string[]} ids
 * @param {string} id
 * @param {string} other
 */
export function replaced(ids, id, other) {
  if (ids.length < LEAST_COMPARED) return '';
  return (ids.includes(other) ? ids : ids.map((each) => (each === id ? other : each))).join(',');
}

/**
 * The first of some images that is not compared yet.
 * @param {string[]} ids
 * @param {(ImageDocument | null | undefined)[]} images
 */
export function notCompared(ids, images) {
  return ids.length < MOST_COMPARED ? images.find((image) => image && !ids.includes(image._id)) : undefined;
}
