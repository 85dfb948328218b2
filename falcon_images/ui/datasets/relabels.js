// A table that was exported and edited, on its way back into the images of its rows.

import { ApiError, collectionPath, readJson, send } from '../parts/api.js';
import { Watched } from '../parts/watched.js';

const TABLE = /\.(csv|tsv|xlsx)$/i;

/**
 * @typedef {object} Difference a row that changes its image
 * @property {number} row
 * @property {string} _id
 * @property {Record<string, { before?: any, after?: any }>} changes
 */

/**
 * @typedef {object} Warning a cell that is left, as a spreadsheet most likely made it
 * @property {number} row
 * @property {string} column
 * @property {any} [before]
 * @property {any} [cell]
 * @property {string} reason
 */

/**
 * @typedef {object} TableReport what the service says of a table
 * @property {number} rows
 * @property {number} matched how many images would be changed
 * @property {number} unchanged
 * @property {{ row?: number, _id: string }[]} conflicts
 * @property {number} conflict_count images that others have changed since the export
 * @property {Warning[]} warnings
 * @property {number} warning_count
 * @property {Difference[]} [differences]
 * @property {{ row: number, _id: string }[]} [unknown]
 * @property {number} [unknown_count]
 * @property {string | null} [change] the id by which it can be undone
 * @property {number} [changed]
 */

/** The table that was chosen, or null. */
export const table = new Watched(/** @type {File | null} */ (null));

/**
 * Whether a file is a table, by its name.
 * @param {File} file
 */
export function isTable({ name }) {
  return TABLE.test(name);
}

/**
 * Ask what a table would change.
 * @param {string} collection
 * @param {File} file
 * @param {boolean} isExact whether cells that a spreadsheet seems to have made are taken too
 * @returns {Promise<TableReport>}
 */
export function compareTable(collection, file, isExact) {
  return sendTable(collection, file, { dry_run: 'true', ...(isExact && { exact: 'true' }) });
}

/**
 * Change the images of a table, if they are still as many.
 * @param {string} collection
 * @param {File} file
 * @param {boolean} isExact
 * @param {number} expect
 * @returns {Promise<TableReport>}
 */
export function relabelByTable(collection, file, isExact, expect) {
  return sendTable(collection, file, { expect: String(expect), ...(isExact && { exact: 'true' }) });
}

/**
 * Whether an error says that it is another number of images by now.
 * @param {unknown} error
 */
export function isOtherNumber(error) {
  return error instanceof ApiError && error.status === 412;
}

/**
 * @param {string} collection
 * @param {File} file
 * @param {Record<string, string>} params
 */
async function sendTable(collection, file, params) {
  const body = new FormData();
  body.append('file', file, file.name);
  const path = `${collectionPath(collection, 'relabel')}?${new URLSearchParams(params)}`;
  return readJson(await send(path, { method: 'POST', body }));
}
