// What is being done to shapes, which stays the same from image to image.

import { Watched } from '../parts/watched.js';

/** @import { Kind } from './shapes.js' */

/** @typedef {'' | 'select' | Kind} Tool '' while shapes are only looked at */

/** The tool that is used. */
export const editing = new Watched(/** @type {Tool} */ (''));
/** Whether shapes are not drawn, so that what is below them is seen. */
export const hidden = new Watched(false);
/** The label that the next shape gets. */
export const nextLabel = new Watched('');

/** @type {Set<string>} */
const used = new Set();

/** Begin to change shapes, or end it. */
export function toggleEditing() {
  editing.value = editing.value ? '' : 'select';
  if (editing.value) hidden.value = false;
}

/**
 * Offer a label for other shapes too.
 * @param {string} label
 */
export function noteLabel(label) {
  if (label) used.add(label);
  nextLabel.value = label;
}

/**
 * The labels that are offered: those of some shapes, and what was used lately.
 * @param {{ label: string }[]} shapes
 */
export function offeredLabels(shapes) {
  return [...new Set([...shapes.map(({ label }) => label), ...used])].filter(Boolean).sort();
}
