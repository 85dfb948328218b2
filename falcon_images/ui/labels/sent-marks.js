// A label on its way to the service: over no change by somebody else, and waiting while the
// service is away.

import { ApiError, readJson, send, sendJson, tagOf } from '../parts/api.js';
import { untilReady } from '../parts/health.js';
import { jsonText, valueAt } from '../parts/values.js';
import { t } from '../parts/words.js';
import { sendAsPart } from './one-change.js';

/** @import { ImageDocument } from '../parts/values.js' */

/** @typedef {{ value: ImageDocument, etag: string | null }} Sent what an image has become */

/** Stands for a label that was not seen yet. */
export const UNKNOWN = Symbol('unknown');
const MAX_TRIES = 4;
const MAX_TAGS = 5000;
const AWAY = [0, 502, 503, 504];

/** @type {Map<string, string>} the tags of images as they were last seen here */
const tags = new Map();

/** Somebody else has set the label meanwhile. */
export class ChangedMeanwhileError extends Error {
  /** @param {ImageDocument} now */
  constructor(now) {
    super(t('labelMeanwhile', { name: now.image }));
    this.now = now;
  }
}

/**
 * Set a label that is `before` where it was seen; wait for a service that is away.
 * @param {string} path of the image
 * @param {string} label a property's name
 * @param {unknown} before or UNKNOWN
 * @param {unknown} value
 * @returns {Promise<Sent & { before: unknown }>}
 * @throws {ChangedMeanwhileError} it is another by now
 */
export async function sendLabel(path, label, before, value) {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt(path, label, before, value);
    } catch (error) {
      tags.delete(path);
      if (!(await isWorthAnother(error, tries))) throw error;
    }
  }
}

/**
 * Remember the tag of an image that was changed here.
 * @template {Sent} T
 * @param {string} path
 * @param {T} sent
 */
export function remember(path, sent) {
  tags.delete(path);
  if (sent.etag) tags.set(path, sent.etag);
  if (tags.size > MAX_TAGS) tags.delete(/** @type {string} */ (tags.keys().next().value));
  return sent;
}

/**
 * @param {string} path
 * @param {string} label
 * @param {unknown} before
 * @param {unknown} value
 */
async function attempt(path, label, before, value) {
  const known = before === UNKNOWN ? undefined : tags.get(path);
  const found = known ? { tag: known, before } : await tagNow(path, label, before, value);
  const headers = { 'If-Match': found.tag };
  const images = path.slice(0, path.lastIndexOf('/'));
  const sent = await sendAsPart(images, (revertible) =>
    sendJson('PATCH', `${path}?revertible=${revertible}`, { [label]: value }, headers));
  return { ...remember(path, sent), before: found.before };
}

/**
 * The tag of an image whose label is still what it was, or what it shall be.
 * @param {string} path
 * @param {string} label
 * @param {unknown} before
 * @param {unknown} value
 */
async function tagNow(path, label, before, value) {
  const response = await send(path);
  const now = await readJson(response);
  const tag = String(tagOf(response));
  const found = valueAt(now, label);
  if (before === UNKNOWN) return { tag, before: found };
  const text = jsonText(found);
  if (text !== jsonText(before) && text !== jsonText(value)) throw new ChangedMeanwhileError(now);
  return { tag, before };
}

/**
 * @param {unknown} error
 * @param {number} tries
 */
async function isWorthAnother(error, tries) {
  if (!(error instanceof ApiError)) return false;
  // The image was changed, perhaps in another property.
  if (error.status === 412) return tries < MAX_TRIES;
  return AWAY.includes(error.status) && (await untilReady() || tries < MAX_TRIES);
}
