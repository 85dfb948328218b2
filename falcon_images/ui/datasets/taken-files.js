// A file that is no image, dropped or chosen: an archive or a table, each for its dialog.

import { view } from '../parts/state.js';
import { describedExports } from './described.js';
import { closeImport, openImport } from './imports.js';
import { isTable, table } from './relabels.js';

/** @import { Found } from '../upload/dropped.js' */

const ARCHIVE = /\.(zip|tar|tgz|tar\.gz)$/i;

/**
 * Open the dialog for an archive or a table, if that is all that was dropped.
 * @param {Found[]} found
 * @returns {Promise<boolean>} whether it was
 */
export async function takeDropped(found) {
  const [only] = found;
  if (found.length !== 1) return false;
  if (ARCHIVE.test(only.file.name)) openImport(only.file);
  else if (isTable(only.file) && await takesTables()) takeChosen(only.file);
  else return false;
  return true;
}

/**
 * Open the dialog for an archive or a table.
 * @param {File} file
 */
export function takeChosen(file) {
  if (!isTable(file)) return openImport(file);
  closeImport();
  table.value = file;
}

/** Whether the images that are shown can be changed by a table. */
export async function takesTables() {
  return view.value.collection !== '' && (await describedExports()).takesTables;
}
