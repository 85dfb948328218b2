// The only way to the service: requests with the token, errors as sentences.

import { saidText } from '../service/said.js';
import { authorization, noteAccess, seenWithout } from '../service/token.js';
import { untilReady } from './health.js';
import { jsonText, parseJson } from './values.js';
import { t } from './words.js';

/** @import { Done } from '../bulk/bulk.js' */

/** @typedef {RequestInit & { headers?: Record<string, string> }} Options */

/** An answer that is an error, or none at all (status 0). */
export class ApiError extends Error {
  /** @type {Done | undefined} what was done before the error, of a change in parts */
  done;

  /**
   * @param {number} status
   * @param {string} title
   * @param {string} description
   */
  constructor(status, title, description) {
    super(saidText({ title, description }) || t('errorStatus', { status }));
    this.status = status;
    this.title = title;
  }
}

/**
 * The path of a collection, or of what is below it.
 * @param {string} collection
 * @param {...string} below
 */
export function collectionPath(collection, ...below) {
  return ['/collections', collection, ...below].map((part, index) =>
    index ? encodeURIComponent(part) : part).join('/');
}

/**
 * Send a request; one that only reads waits for a service that is away.
 * @param {string} path
 * @param {Options} [options]
 * @returns {Promise<Response>}
 * @throws {ApiError} the answer is an error
 */
export async function send(path, options = {}) {
  let response = await attempt(path, options);
  while (isAway(response) && !options.method) {
    const wasAway = await untilReady();
    options.signal?.throwIfAborted();
    response = await attempt(path, options);
    if (!wasAway) break;
  }
  if (!response?.ok) throw await failure(response, options.method);
  return response;
}

/**
 * Send a request and read the JSON of the answer.
 * @param {string} path
 * @param {Options} [options]
 * @returns {Promise<any>}
 */
export async function json(path, options) {
  return readJson(await send(path, options));
}

/**
 * The JSON of an answer, without loss of digits.
 * @param {Response} response
 * @returns {Promise<any>}
 */
export async function readJson(response) {
  return parseJson(await response.text());
}

/**
 * The entity tag of a document; a proxy that packs answers has made it weak on its way.
 * @param {Response} response
 */
export function tagOf(response) {
  return response.headers.get('ETag')?.replace(/^W\//, '') ?? null;
}

/**
 * How many match in all; at least so many where that takes long to count.
 * @param {Response} response
 * @returns {{ total: number, isExact: boolean }}
 */
export function totalOf({ headers }) {
  const exact = headers.get('X-Total-Count');
  const total = Number(exact ?? headers.get('X-Total-Count-At-Least'));
  return { total, isExact: exact !== null };
}

/**
 * Send JSON with PATCH, POST or the like, and read the JSON of the answer.
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 * @param {Record<string, string>} [headers]
 * @returns {Promise<{ value: any, etag: string | null, change: string | null }>} with the id of a
 *   change that can be reverted, where that was asked for
 */
export async function sendJson(method, path, body, headers = {}) {
  /** @type {Record<string, string>} */
  const type = body === undefined ? {} : { 'Content-Type': 'application/json' };
  const response = await send(path, {
    method, headers: { ...type, ...headers }, body: jsonText(body),
  });
  const change = response.headers.get('X-Change');
  return { value: await readJson(response), etag: tagOf(response), change };
}

/**
 * What an answer with an error says, made ready to be thrown.
 * @param {Response | null} response
 * @param {string} [method] of the request
 */
export async function failure(response, method) {
  if (!response) {
    untilReady();
    return new ApiError(0, '', t('noAnswer'));
  }
  if (noteAccess(response.status, method)) return new ApiError(401, t('loginOnlyShows'), '');
  const said = await response.json().catch(() => ({}));
  return new ApiError(response.status, said.title ?? '', said.description ?? '');
}

/**
 * @param {string} path
 * @param {Options} options
 * @returns {Promise<Response | null>}
 */
async function attempt(path, { headers, ...options }) {
  const own = authorization();
  try {
    const response = await fetch(path, { ...options, headers: { ...own, ...headers } });
    // Another tab has given its token meanwhile.
    if (response.status === 401 && authorization().Authorization !== own.Authorization) {
      return attempt(path, { headers, ...options });
    }
    if (response.ok && path.startsWith('/collections')) seenWithout.value = !own.Authorization;
    return response;
  } catch (/** @type {any} */ error) {
    if (error.name === 'AbortError') throw error;
    return null;
  }
}

/**
 * @param {Response | null} response
 * @returns {boolean}
 */
function isAway(response) {
  return !response || [502, 503, 504].includes(response.status);
}
