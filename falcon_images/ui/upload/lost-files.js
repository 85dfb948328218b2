// Files that were on their way when the page was left: it cannot have them again by itself,
// but says which they are.

import { Watched } from '../parts/watched.js';

const STORED = 'falcon-images.lost-files';
const MOST = 20000;

/** @typedef {{ name: string, folder: string, collection: string, key?: string }} LostFile */

/** The files that were on their way when this tab was left or reloaded. */
export const lostFiles = new Watched(read());

/**
 * Have the files that are on their way written down when the page is left.
 * @param {() => LostFile[]} unfinished
 */
export function writeDown(unfinished) {
  addEventListener('pagehide', () => {
    const lost = [...lostFiles.value, ...unfinished()].slice(0, MOST);
    if (lost.length) sessionStorage.setItem(STORED, JSON.stringify(lost));
    else sessionStorage.removeItem(STORED);
  });
}

/**
 * Files that were chosen again are lost no more.
 * @param {LostFile[]} found
 */
export function foundAgain(found) {
  const keys = new Set(found.map(keyOf));
  const left = lostFiles.value.filter((each) => !keys.has(keyOf(each)));
  if (left.length < lostFiles.value.length) lostFiles.value = left;
}

/** Say no more which files were lost. */
export function forgetLost() {
  lostFiles.value = [];
}

/** @param {LostFile} file */
function keyOf({ name, folder, collection }) {
  return JSON.stringify([collection, folder, name]);
}

/** @returns {LostFile[]} */
function read() {
  const text = sessionStorage.getItem(STORED);
  sessionStorage.removeItem(STORED);
  try {
    return JSON.parse(text ?? '[]');
  } catch {
    return [];
  }
}
