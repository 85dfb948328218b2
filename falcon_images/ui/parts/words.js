// The words of the page in the person's language, and numbers and times as it writes them.

import { ENGLISH } from './english.js';
import { JAPANESE } from './japanese.js';
import { lookUp } from './look-up.js';
import { Watched } from './watched.js';

const STORED = 'falcon-images.language';
/** @type {Record<string, Record<string, string>>} */
const WORDS = { en: ENGLISH, ja: JAPANESE };

/** The languages of the page, each by its own name. */
export const LANGUAGES = { en: 'English', ja: '日本語' };

/** The language that is used: as it was chosen, else that of the browser. */
export const language = new Watched(chosenLanguage());

/**
 * Choose another language, also for the next time.
 * @param {string} code
 */
export function setLanguage(code) {
  localStorage.setItem(STORED, code);
  language.value = code;
}

/**
 * The words for a key, with `values` in the places of `{name}`. Where a language has other
 * words for one of a thing, they have `_1` at the end of their key.
 * @param {string} key
 * @param {Record<string, unknown>} [values]
 * @returns {string}
 */
export function t(key, values = {}) {
  const own = WORDS[language.value];
  const words = (String(values.n) === '1' && lookUp(own, `${key}_1`)) || (lookUp(own, key) ?? key);
  return words.replace(/\{(\w+)\}/g, (_, name) => String(lookUp(values, name) ?? ''));
}

/**
 * A number as it is written in the language.
 * @param {number} value
 */
export function number(value) {
  return formats('number', () => new Intl.NumberFormat(locale())).format(value);
}

/**
 * A number of bytes, to be read by a person.
 * @param {number} value
 */
export function bytes(value) {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let unit = 0;
  let rest = Number(value);
  for (; rest >= 1000 && unit < units.length - 1; unit++) rest /= 1000;
  return `${number(Number(rest.toPrecision(3)))} ${units[unit]}`;
}

/**
 * A moment of the service in the person's own time.
 * @param {string} text
 */
export function moment(text) {
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) return '';
  return formats('moment', () => new Intl.DateTimeFormat(locale(), {
    year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', hourCycle: 'h23',
  })).format(date);
}

function locale() {
  // Of a language that many countries write, the browser knows whose.
  return navigator.languages.find((each) => each.startsWith(language.value)) ?? language.value;
}

// To make one takes longer than to draw a tile.
const made = new Map();

/**
 * @template T
 * @param {string} kind
 * @param {() => T} make
 * @returns {T}
 */
function formats(kind, make) {
  const key = kind + language.value;
  if (!made.has(key)) made.set(key, make());
  return made.get(key);
}

function chosenLanguage() {
  const stored = localStorage.getItem(STORED);
  if (stored !== null && lookUp(WORDS, stored)) return stored;
  return navigator.language.toLowerCase().startsWith('ja') ? 'ja' : 'en';
}
