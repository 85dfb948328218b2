// The request of an export: what is shown or selected, and how it is wanted.

import { selectedConditions } from '../list/selection.js';
import { ApiError, collectionPath, send, sendJson, totalOf } from '../parts/api.js';

/** @import { Snippet } from '../filters/snippets.js' */
/** @import { Selection } from '../list/selection.js' */
/** @import { Condition, View } from '../parts/state.js' */

/**
 * @typedef {object} Wanted how an export is wanted
 * @property {string} format
 * @property {string} labelBy
 * @property {string} split
 * @property {string} groupBy
 * @property {boolean} duplicates whether a picture stays in every group that has it
 */

// All others sort images into folders by class and split, or list them so.
const WITHOUT_CLASSES = new Set(['', 'files', 'ndjson', 'csv', 'xlsx', 'parquet']);
/** @type {Record<string, string>} */
const ENDS = {
  ndjson: '.ndjson', csv: '.csv', xlsx: '.xlsx', parquet: '.parquet', webdataset: '.tar', ultralytics: '.ndjson',
};
// A query that is too long for the service, for its server, or for what is in between.
const TOO_LONG = [413, 414, 431];

/**
 * Whether a format knows classes and splits.
 * @param {string} format
 */
export function hasClasses(format) {
  return !WITHOUT_CLASSES.has(format);
}

/**
 * The request of an export.
 * @param {View} shown
 * @param {Selection | null} selection null for all that match
 * @param {Wanted} wanted
 * @param {Set<string>} words what is no condition there
 * @returns {Snippet}
 */
export function exportRequest(shown, selection, wanted, words) {
  const params = chosenBy(shown, selection).map(([name, value]) => asCondition(name, value, words));
  if (shown.sort) params.push(['sort', shown.sort]);
  return withOptions(shown.collection, params, wanted);
}

/**
 * The request of an export of a snapshot, which has its images and their order.
 * @param {string} collection
 * @param {string} snapshot
 * @param {Wanted} wanted
 * @returns {Snippet}
 */
export function snapshotRequest(collection, snapshot, wanted) {
  return withOptions(collection, [['snapshot', snapshot]], wanted);
}

/**
 * Keep what is shown or selected as a snapshot: more than fits into an address.
 * @param {View} shown
 * @param {Selection | null} selection
 * @param {Set<string>} words what is no condition
 * @returns {Promise<string>} its name
 */
export async function makeSnapshot(shown, selection, words) {
  const name = `gallery-${new Date().toISOString().replaceAll(/[^0-9TZ]/g, '')}`;
  const conditions = asObject(chosenBy(shown, selection).map(([each, value]) => asCondition(each, value, words)));
  await sendJson('POST', collectionPath(shown.collection, 'snapshots'), { name, conditions });
  return name;
}

/**
 * Delete a snapshot.
 * @param {string} collection
 * @param {string} snapshot
 */
export async function deleteSnapshot(collection, snapshot) {
  await send(collectionPath(collection, 'snapshots', snapshot), { method: 'DELETE' });
}

/**
 * How many images an export has; `least` if that is not known exactly, and `long` if
 * they cannot be named in an address.
 * @param {View} shown
 * @param {Selection | null} selection
 * @param {AbortSignal} signal
 * @returns {Promise<{ count: number, least: boolean, long: boolean }>}
 */
export async function countExported(shown, selection, signal) {
  const path = collectionPath(shown.collection, 'images');
  const chosen = chosenBy(shown, selection);
  try {
    const query = new URLSearchParams([...chosen, ['limit', '1'], ['fields', 'time']]);
    return countedIn(await send(`${path}?${query}`, { signal }), false);
  } catch (/** @type {any} */ error) {
    if (!isTooLong(error)) throw error;
  }
  const body = JSON.stringify({ ...asObject(chosen), limit: '1', fields: 'time' });
  const headers = { 'Content-Type': 'application/json' };
  return countedIn(await send(`${path}/query`, { method: 'POST', headers, body, signal }), true);
}

/**
 * Whether an error is about a query that names too many images.
 * @param {Error} error
 */
export function isTooLong(error) {
  return error instanceof ApiError && (TOO_LONG.includes(error.status) || error.message.includes('MAX_QUERY_BYTES'));
}

/**
 * @param {View} shown
 * @param {Selection | null} selection
 */
function chosenBy({ conditions }, selection) {
  return selection ? selectedConditions(selection, conditions) : conditions;
}

/**
 * @param {string} collection
 * @param {Condition[]} params
 * @param {Wanted} wanted
 * @returns {Snippet}
 */
function withOptions(collection, params, wanted) {
  const given = options(wanted).filter(([, value]) => value);
  const file = `${collection}${ENDS[wanted.format] ?? '.zip'}`;
  return { path: collectionPath(collection, 'export'), params: [...params, ...given], file };
}

/**
 * @param {Response} response
 * @param {boolean} long
 */
function countedIn(response, long) {
  const { total, isExact } = totalOf(response);
  return { count: total, least: !isExact, long };
}

/**
 * Conditions as JSON has them: all values of a name in a list, and ids one by one, as a
 * text may be no longer than an address.
 * @param {Condition[]} conditions
 */
function asObject(conditions) {
  /** @type {Record<string, string[]>} */
  const found = Object.create(null);
  for (const [name, value] of conditions) {
    if (!value) continue;
    if (name === 'in__id' && !conditions.some(([each]) => each === '_id')) found._id = value.split(',');
    else found[name] = [...found[name] ?? [], value];
  }
  return found;
}

/**
 * @param {Wanted} wanted
 * @returns {Condition[]}
 */
function options({ format, labelBy, split, groupBy, duplicates }) {
  if (!hasClasses(format)) return [['format', format]];
  /** @type {Condition[]} */
  const ofSplit = split ? [['group_by', groupBy], ['duplicates', duplicates ? 'keep' : '']] : [];
  return [['format', format], ['label_by', labelBy], ['split', split], ...ofSplit];
}

/**
 * A condition of a list, for a route where its name means something else.
 * @param {string} name
 * @param {string} value
 * @param {Set<string>} words
 * @returns {Condition}
 */
function asCondition(name, value, words) {
  return words.has(name) ? [`eq_${name}`, value] : [name, value];
}
