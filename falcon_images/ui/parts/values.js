// Values of properties: as text, with their types, and where they are in a document.

import { lookUp } from './look-up.js';

/**
 * @typedef {object} FileFacts what the service has found in a file
 * @property {number} [width]
 * @property {number} [height]
 * @property {number} [size] bytes
 * @property {string} [type]
 * @property {string} [sha256]
 */

/**
 * @typedef {{ _id: string, time: string, image: string, _file?: FileFacts, [name: string]: any }}
 *   ImageDocument
 */

// Integers from here on lose digits as a number of JavaScript; they are bigints.
const LARGE_DIGITS = /\d{16}/;
// A number as a whole: the digits behind a point are no integer.
const STRING_OR_NUMBER = /"(?:[^"\\]|\\.)*"|-?\d[-+.\deE]*/g;
const INTEGER = /^-?\d+$/;
// No text of a document is written like a bigint on its way: NUL, digits, NUL.
const MARKED = /^\0(-?\d+)\0$/;
const MARKED_JSON = /"\\u0000([-+.\de]+)\\u0000"/g;

/**
 * Read JSON without loss: integers that a number cannot hold become bigints.
 * @param {string} text
 * @returns {any}
 * @throws {SyntaxError} it is not JSON
 */
export function parseJson(text) {
  if (!LARGE_DIGITS.test(text)) return JSON.parse(text);
  const marked = text.replace(STRING_OR_NUMBER, (found) => (
    INTEGER.test(found) && !Number.isSafeInteger(Number(found)) ? `"\\u0000${found}\\u0000"` : found));
  return JSON.parse(marked, (_, value) => {
    const digits = typeof value === 'string' ? MARKED.exec(value)?.[1] : undefined;
    return digits === undefined ? value : BigInt(digits);
  });
}

/**
 * Write JSON that `parseJson` reads as the same again.
 * @param {any} value
 * @param {number} [indent]
 * @returns {string}
 */
export function jsonText(value, indent) {
  const text = JSON.stringify(value, (_, each) => exactNumber(each) ?? each, indent);
  return text?.replace(MARKED_JSON, '$1');
}

/**
 * The digits of a number that JSON.stringify cannot write, or would write as an integer.
 * @param {unknown} value
 */
function exactNumber(value) {
  if (typeof value === 'bigint') return `\0${value}\0`;
  const isLarge = Number.isInteger(value) && !Number.isSafeInteger(value);
  return isLarge ? `\0${Number(value).toExponential()}\0` : undefined;
}

/**
 * A number that a person has written: a bigint if it is an integer of many digits.
 * @param {string} text
 * @returns {number | bigint} NaN if it is none
 */
export function parseNumber(text) {
  const value = Number(text);
  const isLarge = /^\s*-?\d+\s*$/.test(text) && !Number.isSafeInteger(value);
  return isLarge ? BigInt(text.trim()) : value;
}

/**
 * A property's value as text: strings as they are, all else as JSON.
 * @param {unknown} value
 * @returns {string}
 */
export function valueText(value) {
  return typeof value === 'string' ? value : jsonText(value) ?? '';
}

/**
 * What a person means by a text: a number, true, false, null, else the text.
 * @param {string} text
 * @returns {any}
 */
export function typedValue(text) {
  try {
    const value = parseJson(text);
    return value !== null && typeof value === 'object' ? text : value;
  } catch {
    return text;
  }
}

/**
 * A text that `typedValue` reads as this value again.
 * @param {unknown} value
 * @returns {string}
 */
export function typedText(value) {
  const asItIs = typeof value !== 'string' || typedValue(value) !== value;
  return asItIs ? jsonText(value) : value;
}

/**
 * The type of a value as a person chooses it: text, number, boolean or JSON.
 * @param {unknown} value
 */
export function typeOf(value) {
  return lookUp({ string: 'text', number: 'number', bigint: 'number', boolean: 'boolean' }, typeof value) ?? 'json';
}

/**
 * The value at a path such as `camera.gain` of a document; undefined if none.
 * @param {ImageDocument | null | undefined} document
 * @param {string} path
 * @returns {any}
 */
export function valueAt(document, path) {
  if (!document) return undefined;
  if (Object.hasOwn(document, path)) return document[path];
  /** @type {any} */
  const whole = document;
  return path.split('.').reduce((value, name) =>
    (value !== null && typeof value === 'object' ? lookUp(value, name) : undefined), whole);
}

/**
 * A document's properties, without what is the service's own.
 * @param {ImageDocument} document
 * @returns {[string, any][]}
 */
export function propertiesOf(document) {
  const own = ['_id', 'time', 'image', '_file'];
  return Object.entries(document ?? {}).filter(([name]) => !own.includes(name));
}
