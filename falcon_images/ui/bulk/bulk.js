// Changes of many images at once: counted before, done, and undone.

import { requestsFor } from '../list/selection.js';
import { ApiError, collectionPath, json, sendJson } from '../parts/api.js';

/** @import { Selection } from '../list/selection.js' */
/** @import { Condition } from '../parts/state.js' */
/** @import { ImageDocument } from '../parts/values.js' */

/**
 * @typedef {object} Done
 * @property {string[]} changes the ids by which the changes can be undone
 * @property {number} changed how many images were changed
 */

/**
 * @typedef {object} Preview
 * @property {Condition[][]} requests the conditions of each request that a change takes
 * @property {number[]} counts how many images each of them would touch
 * @property {ImageDocument[]} examples five of them
 * @property {number} matched how many in all
 */

/**
 * How many images a change of the selection would touch, and five of them.
 * @param {string} collection
 * @param {Selection} selection
 * @param {Condition[]} conditions
 * @returns {Promise<Preview>}
 */
export async function preview(collection, selection, conditions) {
  const requests = requestsFor(selection, conditions);
  /** @type {number[]} */
  const counts = [];
  /** @type {ImageDocument[]} */
  let examples = [];
  for (const request of requests) {
    const path = bulkPath(collection, [...request, ['dry_run', 'true']]);
    const { matched, examples: found } = await json(path, { method: 'DELETE' });
    counts.push(matched);
    examples = [...examples, ...found].slice(0, 5);
  }
  return { requests, counts, examples, matched: counts.reduce((sum, n) => sum + n, 0) };
}

/**
 * Set properties of all images of a preview, if they are still as many.
 * @param {string} collection
 * @param {Preview} previewed
 * @param {Record<string, unknown>} properties
 */
export function relabel(collection, previewed, properties) {
  return each(collection, previewed, (path) => sendJson('PATCH', path, properties));
}

/**
 * Delete all images of a preview, if they are still as many.
 * @param {string} collection
 * @param {Preview} previewed
 */
export function remove(collection, previewed) {
  return each(collection, previewed, (path) => sendJson('DELETE', path));
}

/**
 * Undo changes, the last one first.
 * @param {string} collection
 * @param {string[]} changes
 */
export async function revert(collection, changes) {
  const result = { reverted: 0, conflicts: 0 };
  for (const change of [...changes].reverse()) {
    const path = collectionPath(collection, 'changes', change, 'revert');
    const { value } = await sendJson('POST', path);
    result.reverted += value.reverted;
    result.conflicts += value.conflict_count;
  }
  return result;
}

/**
 * @param {string} collection
 * @param {Preview} previewed
 * @param {(path: string) => Promise<{ value: any }>} change
 * @returns {Promise<Done>}
 */
async function each(collection, { requests, counts }, change) {
  /** @type {Done} */
  const done = { changes: [], changed: 0 };
  for (const [index, request] of requests.entries()) {
    const path = bulkPath(collection, [...request, ['expect', String(counts[index])]]);
    try {
      const { value } = await change(path);
      if (value.change) done.changes.push(value.change);
      done.changed += value.changed;
    } catch (error) {
      // What was done before can still be undone.
      if (error instanceof ApiError) error.done = done;
      throw error;
    }
  }
  return done;
}

/**
 * @param {string} collection
 * @param {Condition[]} params
 */
function bulkPath(collection, params) {
  return `${collectionPath(collection, 'images')}?${new URLSearchParams(params)}`;
}
