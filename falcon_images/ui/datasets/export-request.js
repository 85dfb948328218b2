// The request of an export: what is shown or selected, and how it is wanted.

import { selectedConditions } from '../list/selection.js';
import { ApiError, collectionPath, send, totalOf } from '../parts/api.js';

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
const TOO_LONG = [414, 431];

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
export function exportRequest({ collection, conditions, sort }, selection, wanted, words) {
  const chosen = selection ? selectedConditions(selection, conditions) : conditions;
  const params = chosen.map(([name, value]) => asCondition(name, value, words));
  if (sort) params.push(['sort', sort]);
  for (const [name, value] of options(wanted)) if (value) params.push([name, value]);
  const file = `${collection}${ENDS[wanted.format] ?? '.zip'}`;
  return { path: collectionPath(collection, 'export'), params, file };
}

/**
 * How many images an export has; `least` if that is not known exactly.
 * @param {View} shown
 * @param {Selection | null} selection
 * @param {AbortSignal} signal
 * @returns {Promise<{ count: number, least: boolean }>}
 */
export async function countExported({ collection, conditions }, selection, signal) {
  const chosen = selection ? selectedConditions(selection, conditions) : conditions;
  const query = new URLSearchParams([...chosen, ['limit', '1'], ['fields', 'time']]);
  const { total, isExact } = totalOf(await send(`${collectionPath(collection, 'images')}?${query}`, { signal }));
  return { count: total, least: !isExact };
}

/**
 * Whether an error is about a query that names too many images.
 * @param {Error} error
 */
export function isTooLong(error) {
  return error instanceof ApiError && (TOO_LONG.includes(error.status) || error.message.includes('MAX_QUERY_BYTES'));
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
