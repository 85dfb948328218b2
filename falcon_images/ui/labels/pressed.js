// The keys that set labels, and what each sets, as they are in force.

import { Watched } from '../parts/watched.js';

/**
 * @typedef {object} Labels
 * @property {string} label a property's name
 * @property {any[]} values of the property, those of the keys in their order
 * @property {string[]} keys one character each
 */

/** The keys as long as nobody has chosen others. */
export const USUAL_KEYS = ['1', '2', '3', '4', '5', '6', '7', '8', '9'];
/** @type {Labels} */
export const NO_LABELS = { label: '', values: [], keys: USUAL_KEYS };

/** What the keys set on the page that is shown. */
export const inForce = new Watched(NO_LABELS);

/**
 * The number of the value that a key sets, from 1, or 0 if it sets none.
 * @param {string} key as an event has it
 */
export function labelNumber(key) {
  return inForce.value.keys.indexOf(key.toLowerCase()) + 1;
}

/**
 * Whether a key has a value to set.
 * @param {unknown} value
 */
export function isSet(value) {
  return value !== undefined && value !== '';
}
