// One archive on its way to the service: tried first, then imported.

import { collectionPath } from '../parts/api.js';
import { untilReady } from '../parts/health.js';
import { warnWhen } from '../parts/leaving.js';
import { jsonText, parseJson } from '../parts/values.js';
import { Watched } from '../parts/watched.js';
import { t } from '../parts/words.js';
import { saidText } from '../service/said.js';
import { authorization, noteAccess } from '../service/token.js';
import { noteFinished } from '../upload/uploads.js';

const PUBLISH_EVERY_MS = 100;

/**
 * @typedef {object} Report what the service says of an import
 * @property {string} collection
 * @property {number} imported
 * @property {number} updated
 * @property {number} [unchanged]
 * @property {{ _id?: string, name?: string, reason: string }[]} skipped
 * @property {number} [skipped_count] if only the first of them are listed
 * @property {string | null} [change] the id by which it can be undone, if there is anything
 */

/**
 * @typedef {object} Choice how an archive is imported
 * @property {string} collection
 * @property {string} labelBy the property that gets the name of the folder, or ''
 * @property {Record<string, unknown>} properties those that all images get
 */

/**
 * @typedef {object} Importing
 * @property {boolean} open whether the dialog is shown
 * @property {File | null} file
 * @property {'chosen' | 'sending' | 'working' | 'tried' | 'done' | 'failed'} phase
 * @property {boolean} isTrial whether nothing is stored yet
 * @property {number} sent bytes
 * @property {Report | null} report
 * @property {string} why what the service said, if it failed; '' if it did not answer
 * @property {boolean} isStopped whether it was broken off here
 * @property {boolean} isUndone
 */

/** @type {Importing} */
const NOTHING = {
  open: false, file: null, phase: 'chosen', isTrial: true, sent: 0, report: null, why: '', isStopped: false, isUndone: false,
};

/** The import that is chosen, under way, or done last. */
export const importing = new Watched(NOTHING);

/** @type {XMLHttpRequest | null} */
let request = null;
let published = 0;
warnWhen(isUnderWay);

/** Whether an import is on its way. */
export function isUnderWay() {
  return ['sending', 'working'].includes(importing.value.phase);
}

/**
 * Show the dialog of imports, with another archive if there is one and none is under way.
 * @param {File} [file]
 */
export function openImport(file) {
  if (file && !isUnderWay()) importing.value = { ...NOTHING, file, open: true };
  else change({ open: true });
}

/** Hide the dialog; an import that is under way goes on. */
export function closeImport() {
  if (isUnderWay()) change({ open: false });
  else importing.value = NOTHING;
}

/** Break off what is being sent; what is stored by then stays. */
export function stopImport() {
  request?.abort();
}

/**
 * Send the archive.
 * @param {Choice} choice
 * @param {boolean} isTrial whether only to ask what would come
 * @returns {Promise<Report | null>} null if it failed or was only tried
 */
export async function sendArchive(choice, isTrial) {
  const { file } = importing.value;
  if (!file || isUnderWay()) return null;
  change({ phase: 'sending', isTrial, sent: 0, report: null, why: '', isStopped: false, isUndone: false });
  const { status, body, aborted } = await attempt(file, choice, isTrial);
  request = null;
  const said = noteAccess(status, 'POST') ? t('loginOnlyShows') : saidText(body);
  if (!isTrial) noteFinished();
  if (status === 0 && !aborted) untilReady();
  if (status !== 200) {
    change({ phase: aborted ? 'chosen' : 'failed', isStopped: Boolean(aborted), why: said });
    return null;
  }
  change({ phase: isTrial ? 'tried' : 'done', report: body });
  return isTrial ? null : body;
}

/**
 * Say that an import was undone.
 * @param {string} id of its change
 */
export function noteUndone(id) {
  if (importing.value.report?.change === id) change({ isUndone: true });
}

/** Forget what an archive was found to hold, as it shall be imported otherwise. */
export function forgetTrial() {
  if (!isUnderWay()) change({ phase: 'chosen', report: null, why: '', isStopped: false });
}

/**
 * @param {File} file
 * @param {Choice} choice
 * @param {boolean} isTrial
 * @returns {Promise<{ status: number, body?: any, aborted?: boolean }>}
 */
function attempt(file, { collection, labelBy, properties }, isTrial) {
  const query = new URLSearchParams();
  if (labelBy) query.set('label_by', labelBy);
  if (isTrial) query.set('dry_run', 'true');
  return new Promise((resolve) => {
    // Only this kind of request reports how much of it was sent.
    const made = new XMLHttpRequest();
    request = made;
    made.open('POST', `${collectionPath(collection, 'import')}${query.size ? `?${query}` : ''}`);
    for (const [name, value] of Object.entries(authorization())) made.setRequestHeader(name, value);
    made.upload.onprogress = ({ loaded }) => noteSent(Math.min(loaded, file.size));
    made.upload.onload = () => change({ phase: 'working', sent: file.size });
    made.onload = () => resolve({ status: made.status, body: read(made.responseText) });
    made.onerror = () => resolve({ status: 0 });
    made.onabort = () => resolve({ status: 0, aborted: true });
    made.send(form(file, properties));
  });
}

/**
 * @param {File} file
 * @param {Record<string, unknown>} properties
 */
function form(file, properties) {
  const body = new FormData();
  if (Object.keys(properties).length) body.append('json', jsonText(properties));
  body.append('archive', file, file.name);
  return body;
}

/** @param {string} text */
function read(text) {
  try {
    return parseJson(text);
  } catch {
    return null;
  }
}

/** @param {number} sent */
function noteSent(sent) {
  if (Date.now() - published < PUBLISH_EVERY_MS) return;
  published = Date.now();
  change({ sent });
}

/** @param {Partial<Importing>} part */
function change(part) {
  importing.value = { ...importing.value, ...part };
}
