// Which images are selected: some, by their ids, or all that match, but for some.

/** @import { Condition } from '../parts/state.js' */

/**
 * @typedef {object} Selection
 * @property {boolean} all whether it is all that match, without those of `ids`
 * @property {Set<string>} ids of those that are selected, or with `all`, that are not
 */

// The ids of a request are in its address, which has a limit.
const IDS_AT_ONCE = 1000;
/** More images than these are not selected one by one. */
export const MAX_RANGE = 10000;

/** @type {Selection} nothing is selected */
export const NOTHING = { all: false, ids: new Set() };
/** @type {Selection} all that match are selected */
export const EVERYTHING = { all: true, ids: new Set() };

/**
 * Whether an image is selected.
 * @param {Selection} selection
 * @param {string} id
 */
export function isSelected(selection, id) {
  return selection.all !== selection.ids.has(id);
}

/**
 * How many are selected, of all that match.
 * @param {Selection} selection
 * @param {number} total
 */
export function countSelected(selection, total) {
  return selection.all ? total - selection.ids.size : selection.ids.size;
}

/**
 * Select an image, or not any more.
 * @param {Selection} selection
 * @param {string} id
 * @returns {Selection}
 */
export function toggle({ all, ids }, id) {
  const next = new Set(ids);
  if (!next.delete(id)) next.add(id);
  return { all, ids: next };
}

/**
 * Select these images too.
 * @param {Selection} selection
 * @param {string[]} more
 * @returns {Selection}
 */
export function adding({ all, ids }, more) {
  if (!all) return { all, ids: new Set([...ids, ...more]) };
  const added = new Set(more);
  return { all, ids: new Set([...ids].filter((id) => !added.has(id))) };
}

/**
 * The conditions that select the same images in one request.
 * @param {Selection} selection
 * @param {Condition[]} conditions those that the images of the list match
 * @returns {Condition[]}
 */
export function selectedConditions({ all, ids }, conditions) {
  if (!all) return [['in__id', [...ids].join(',')]];
  /** @type {Condition[]} */
  const others = [...ids].map((id) => ['not__id', id]);
  return [...conditions, ...others];
}

/**
 * The conditions of the requests that a change of the selection takes.
 * @param {Selection} selection
 * @param {Condition[]} conditions
 * @returns {Condition[][]} one list of conditions for each request
 */
export function requestsFor(selection, conditions) {
  if (selection.all) {
    const selected = selectedConditions(selection, conditions);
    return [selected.length ? selected : [['all', 'true']]];
  }
  const listed = [...selection.ids];
  /** @type {Condition[][]} */
  const requests = [];
  for (let at = 0; at < listed.length; at += IDS_AT_ONCE) {
    requests.push(selectedConditions({ all: false, ids: new Set(listed.slice(at, at + IDS_AT_ONCE)) }, []));
  }
  return requests;
}
