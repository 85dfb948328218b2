// The token that requests carry: the one that a person gave to the page, else that of a login
// whose cookie the page can read. It is in no address, and in no storage that outlives the tab.

import { Watched } from '../parts/watched.js';

/** @typedef {{ wanted?: boolean, given?: string, forgotten?: string }} Message between open tabs */

const NAME = 'falcon-images.token';
// As the service looks for them.
const COOKIES = ['jwt', 'token'];
const COOKIE = /^\s*([^=]*)=(.*)$/;
const READING = ['GET', 'HEAD'];
const HEADER = /^[\x21-\x7e]+$/;

/** The token that was given to the page, or ''. */
export const token = new Watched(sessionStorage.getItem(NAME) ?? '');
/**
 * What the service thinks of it: 'open', 'required' (401), 'refused' (403); or 'asked', when
 * the person wants to give another.
 */
export const access = new Watched('open');
/** Whether the service shows images to requests without a token, as by a hidden cookie. */
export const seenWithout = new Watched(false);

const tabs = new BroadcastChannel(NAME);

/**
 * Take another token, or none, in this tab and in those that wait for one.
 * @param {string} value
 */
export function setToken(value) {
  tabs.postMessage(value ? { given: value } : { forgotten: token.value });
  keep(value);
}

/** The token of the next request, or ''. */
export function currentToken() {
  return token.value || cookieToken();
}

/**
 * The headers that every request needs.
 * @returns {Record<string, string>}
 */
export function authorization() {
  const current = currentToken();
  return current ? { Authorization: `Bearer ${current}` } : {};
}

/**
 * Remember what an answer says of the token, and return whether what was asked for needs one
 * that the page can read: a cookie alone is never enough to change something.
 * @param {number} status
 * @param {string} [method] of the request
 */
export function noteAccess(status, method = 'GET') {
  const isForChanges = status === 401 && !READING.includes(method) && seenWithout.value;
  if (status === 401 && !isForChanges) access.value = 'required';
  if (status === 403) access.value = 'refused';
  return isForChanges;
}

/** @param {string} value */
function keep(value) {
  if (value) sessionStorage.setItem(NAME, value);
  else sessionStorage.removeItem(NAME);
  access.value = 'open';
  token.value = value;
}

/** The token of a login, if its cookie is not kept from scripts. */
function cookieToken() {
  const pairs = document.cookie.split(';').map((text) => COOKIE.exec(text)?.slice(1) ?? ['', '']);
  const found = COOKIES.map((name) => pairs.find(([each]) => each === name)?.[1] ?? '');
  return found.find((value) => HEADER.test(value)) ?? '';
}

/** @param {MessageEvent<Message>} event */
function hear({ data: { wanted, given, forgotten } }) {
  const isWaiting = !token.value || access.value !== 'open';
  if (wanted && token.value && access.value === 'open') tabs.postMessage({ given: token.value });
  else if (given && isWaiting && given !== token.value) keep(given);
  else if (forgotten && forgotten === token.value) keep('');
}

tabs.addEventListener('message', hear);
if (!token.value) tabs.postMessage({ wanted: true });
