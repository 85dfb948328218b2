// Files on their way to the service: a few at a time, each safe to be sent again.

import { collectionPath } from '../parts/api.js';
import { untilReady } from '../parts/health.js';
import { warnWhen } from '../parts/leaving.js';
import { jsonText, parseJson } from '../parts/values.js';
import { Watched } from '../parts/watched.js';
import { t } from '../parts/words.js';
import { saidText } from '../service/said.js';
import { authorization, noteAccess } from '../service/token.js';
import { fileAgain, forgetHandles, keepHandles, keptHandles } from './kept-handles.js';
import { foundAgain, lostFiles, writeDown } from './lost-files.js';
import { complete, differences } from './there.js';

/** @import { Found } from './dropped.js' */

const AT_ONCE = 3;
const PUBLISH_EVERY_MS = 100;
const MAX_TRIES = 3;
const MARGIN_MS = 5000;
// What may be otherwise when it is sent again: no answer, no token, a service that failed.
const TRY_AGAIN = (/** @type {number} */ status) =>
  status === 0 || status === 401 || status === 403 || status >= 500;

/**
 * @typedef {object} UploadItem
 * @property {File} file
 * @property {string} folder the name of the folder that it was in, or ''
 * @property {'waiting'|'sending'|'done'|'there'|'refused'|'failed'} state
 * @property {number} sent bytes
 * @property {string} why what the service said, if it was refused or failed, or what became of
 *   the properties of one that was there
 * @property {number} id
 * @property {string} collection
 * @property {Record<string, unknown>} properties
 * @property {boolean} dedupe whether an image that is there is not stored again
 * @property {string} key by which the service knows the upload when it is sent again
 * @property {number} tries
 * @property {XMLHttpRequest | null} request the one that is under way
 */

/**
 * @typedef {object} Choice what is wanted of the files that are added
 * @property {string} collection
 * @property {Record<string, unknown>} properties
 * @property {string} folderProperty the property that gets the folder's name, or ''
 * @property {boolean} dedupe
 */

/**
 * @typedef {object} Answer
 * @property {number} status 0 if there was none
 * @property {any} [body]
 * @property {boolean} [aborted]
 * @property {boolean} [older] whether the image is from before this upload
 * @property {string | null} [etag]
 */

/** All uploads, whether their panel is open, and how often there was something new. */
export const uploads = new Watched({ open: lostFiles.value.length > 0, items: /** @type {UploadItem[]} */ ([]), finished: 0 });

/** @type {UploadItem[]} */
let items = [];
warnWhen(() => items.some(isUnfinished));
writeDown(() => items.filter(({ state }) => state === 'failed' || isUnfinished({ state }))
  .map(({ file, folder, collection, key }) => ({ name: file.name, folder, collection, key })));
let sending = 0;
let count = 0;
let published = 0;

/** Have lists look again for images that have come. */
export function noteFinished() {
  uploads.value = { ...uploads.value, finished: uploads.value.finished + 1 };
}

/** Show the panel of uploads. */
export function openUploads() {
  uploads.value = { ...uploads.value, open: true };
}

/** Hide the panel; what is on its way goes on. */
export function closeUploads() {
  uploads.value = { ...uploads.value, open: false };
}

/**
 * Take files for a collection; `properties` are those that all of them get.
 * @param {Found[]} found
 * @param {Choice} choice
 */
export function addFiles(found, { collection, properties, folderProperty, dedupe }) {
  /** @type {UploadItem[]} */
  const added = found.map(({ file, folder }) => newItem({
    file, folder, collection, dedupe, key: randomKey(),
    properties: folderProperty && folder ? { ...properties, [folderProperty]: folder } : properties,
  }));
  const time = Date.now();
  keepHandles(added.flatMap(({ key, properties: own }, at) => {
    const { handle } = found[at];
    return handle ? [[key, { handle, properties: own, dedupe, time }]] : [];
  }));
  addItems(added);
}

/**
 * Go on with files that were on their way when the page was left, as far as the browser lets
 * it: with the same keys, so that what has arrived is not stored again.
 * @param {boolean} mayAsk whether the person has just pressed a button for it
 */
export async function goOnWithLost(mayAsk) {
  const lost = lostFiles.value;
  const kept = await keptHandles(lost.flatMap(({ key }) => key ?? []));
  /** @type {UploadItem[]} */
  const again = [];
  for (const { key = '', folder, collection } of lost) {
    const one = kept.get(key);
    const file = one && await fileAgain(one.handle, mayAsk);
    if (file) again.push(newItem({ file, folder, collection, key, dedupe: one.dedupe, properties: one.properties }));
  }
  if (again.length) addItems(again);
  return { canAsk: kept.size > 0 };
}

/**
 * @param {Pick<UploadItem, 'file' | 'folder' | 'collection' | 'dedupe' | 'key' | 'properties'>} of
 * @returns {UploadItem}
 */
function newItem(of) {
  return { ...of, id: count++, state: 'waiting', sent: 0, why: '', tries: 0, request: null };
}

/** @param {UploadItem[]} added */
function addItems(added) {
  items = [...items, ...added];
  foundAgain(added.map(({ file, folder, collection }) => ({ name: file.name, folder, collection })));
  openUploads();
  sendNext();
}

/**
 * Send again what failed, or one of it; the same key keeps it from being stored twice.
 * @param {UploadItem} [item]
 */
export function retry(item) {
  for (const each of item ? [item] : items.filter(({ state }) => state === 'failed')) {
    Object.assign(each, { state: 'waiting', sent: 0, why: '' });
  }
  sendNext();
}

/** Take away what is not on its way, or waiting to be. */
export function forgetFinished() {
  items = items.filter(isUnfinished);
  publish();
}

/** Send nothing more, and break off what is being sent. */
export function cancelWaiting() {
  for (const item of items) item.request?.abort();
  forgetHandles(items.filter(isUnfinished).map(({ key }) => key));
  items = items.filter(({ state }) => state !== 'waiting');
  publish();
}

/**
 * Whether an upload is on its way, or waits to be.
 * @param {Pick<UploadItem, 'state'>} item
 */
export function isUnfinished({ state }) {
  return state === 'waiting' || state === 'sending';
}

function sendNext() {
  while (sending < AT_ONCE) {
    const item = items.find(({ state }) => state === 'waiting');
    if (!item) break;
    sending++;
    item.state = 'sending';
    sendItem(item).finally(() => { sending--; sendNext(); });
  }
  publish();
}

/** @param {UploadItem} item */
async function sendItem(item) {
  const answer = await attempt(item);
  const unclear = !answer.aborted && (answer.status === 0 || answer.status >= 502);
  item.tries += 1;
  // Once more when the service is back; it knows by the key whether it had it already.
  const wasAway = unclear && await untilReady();
  if (wasAway || (unclear && item.tries < MAX_TRIES)) Object.assign(item, { state: 'waiting', sent: 0 });
  else await finish(item, answer);
}

/**
 * @param {UploadItem} item
 * @param {Answer} answer
 */
async function finish(item, { status, body, aborted, older, etag = null }) {
  item.request = null;
  item.tries = 0;
  item.why = noteAccess(status, 'POST') ? t('loginOnlyShows') : saidText(body);
  item.sent = item.file.size;
  item.state = aborted || TRY_AGAIN(status) ? 'failed' : 'refused';
  if (status === 200) {
    const found = differences(body, item.properties);
    if (found) item.why = await complete(item.collection, body, found, etag);
    item.state = older || found ? 'there' : 'done';
  }
  if (item.state !== 'failed') forgetHandles([item.key]);
  if (isTimeToShow()) noteFinished();
}

function isTimeToShow() {
  const count = items.filter(({ state }) => state === 'done').length;
  const rest = items.some(isUnfinished);
  // At the end, and before it at the first, the 4th, the 16th and so on.
  return !rest || Number.isInteger(Math.log2(count) / 2);
}

/**
 * @param {UploadItem} item
 * @returns {Promise<Answer>}
 */
function attempt(item) {
  return new Promise((resolve) => {
    // Only this kind of request reports how much of it was sent.
    const request = new XMLHttpRequest();
    item.request = request;
    const begun = Date.now();
    request.open('POST', collectionPath(item.collection, 'images') + (item.dedupe ? '?dedupe=true' : ''));
    const headers = { ...authorization(), 'Idempotency-Key': item.key };
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded }) => { item.sent = Math.min(loaded, item.file.size); publishSoon(); };
    request.onload = () => resolve(answerOf(request, Date.now() - begun));
    request.onerror = () => resolve({ status: 0 });
    request.onabort = () => resolve({ status: 0, aborted: true });
    request.send(form(item));
  });
}

/**
 * @param {XMLHttpRequest} request
 * @param {number} took
 * @returns {Answer}
 */
function answerOf(request, took) {
  const body = read(request.responseText);
  // By the service's own clock, an image from before this upload is an older one.
  const age = Date.parse(request.getResponseHeader('Date') ?? '') - Date.parse(body?.time);
  const etag = request.getResponseHeader('ETag')?.replace(/^W\//, '');
  return { status: request.status, body, older: age > took + MARGIN_MS, etag };
}

/** @param {UploadItem} item */
function form({ file, properties }) {
  const body = new FormData();
  if (Object.keys(properties).length) body.append('json', jsonText(properties));
  body.append('image', file, file.name);
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

function randomKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function publishSoon() {
  if (Date.now() - published > PUBLISH_EVERY_MS) publish();
}

function publish() {
  published = Date.now();
  uploads.value = { ...uploads.value, items };
}
