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

/**
 * A property's value as text: strings as they are, all else as JSON.
 * @param {unknown} value
 * @returns {string}
 */
export function valueText(value) {
  return typeof value === 'string' ? value : JSON.stringify(value) ?? '';
}

/**
 * What a person means by a text: a number, true, false, null, else the text.
 * @param {string} text
 * @returns {any}
 */
export function typedValue(text) {
  try {
    const value = JSON.parse(text);
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
  return asItIs ? JSON.stringify(value) : value;
}

/**
 * The type of a value as a person chooses it: text, number, boolean or JSON.
 * @param {unknown} value
 */
export function typeOf(value) {
  return lookUp({ string: 'text', number: 'number', boolean: 'boolean' }, typeof value) ?? 'json';
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
