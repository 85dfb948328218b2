// Answers of any size that the browser saves itself, past the page and its memory.

import { failure } from '../parts/api.js';
import { parseJson } from '../parts/values.js';
import { t } from '../parts/words.js';
import { saidText } from '../service/said.js';
import { authorization, currentToken, token } from '../service/token.js';

const COOKIE = 'jwt';
const COOKIE_SECONDS = 60;
// What a cookie can hold, in every browser.
const FITS = /^[!#-+\--:<-[\]-~]{1,3500}$/;

let forgetCookie = () => {};
token.watch(() => forgetCookie());

/** Whether the token, if there is one, can go along with a download. */
export function canSave() {
  return !currentToken() || FITS.test(currentToken());
}

/**
 * Have the browser save the answer to a GET, which is an attachment. Its progress is in
 * the browser's own list of downloads; the page hears of it only if there is none.
 * @param {string} path
 * @param {string} query
 * @param {(error: Error) => void} onError what the service said instead
 */
export function saveAnswer(path, query, onError) {
  lendToken(path);
  const frame = document.createElement('iframe');
  frame.hidden = true;
  frame.src = `${path}?${query}`;
  // An attachment is never loaded into a frame: what is, is an error.
  frame.addEventListener('load', () => {
    const said = readFrame(frame);
    if (said === '') return;
    forgetCookie();
    frame.remove();
    explain(frame.src, said).then(onError);
  });
  document.body.append(frame);
  setTimeout(() => frame.remove(), COOKIE_SECONDS * 1000);
}

/**
 * Give the token to one path for a minute: a download of the browser sends no headers.
 * @param {string} path
 */
function lendToken(path) {
  const lent = currentToken();
  if (!lent) return;
  const rest = `path=${path}; samesite=strict${location.protocol === 'https:' ? '; secure' : ''}`;
  // biome-ignore lint/suspicious/noDocumentCookie: its successor is there for https alone.
  const set = (/** @type {string} */ value, /** @type {number} */ age) => { document.cookie = `${COOKIE}=${value}; max-age=${age}; ${rest}`; };
  set(lent, COOKIE_SECONDS);
  forgetCookie = () => set('', 0);
}

/**
 * The text in a frame: '' if nothing was loaded, null if a browser shows it in its own way.
 * @param {HTMLIFrameElement} frame
 */
function readFrame({ contentDocument }) {
  if (!contentDocument) return null;
  return contentDocument.URL === 'about:blank' ? '' : contentDocument.body?.textContent ?? '';
}

/**
 * @param {string} address
 * @param {string | null} said
 */
async function explain(address, said) {
  try {
    return new Error(saidText(parseJson(said ?? '')) || t('failed'));
  } catch {
    return askAgain(address);
  }
}

/** @param {string} address */
async function askAgain(address) {
  const controller = new AbortController();
  const response = await fetch(address, { headers: authorization(), signal: controller.signal }).catch(() => null);
  const error = response?.ok ? new Error(t('failed')) : await failure(response);
  controller.abort();
  return error;
}
