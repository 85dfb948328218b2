// Members of objects as properties of their own, under dotted names.

import { propertiesOf } from '../parts/values.js';

/** @import { ImageDocument } from '../parts/values.js' */

const MOST_LEVELS = 4;
// What a dotted name cannot lead through.
const NO_MEMBER = /[.$]|^$|^\d+$/;

/**
 * A document's properties; those of an object in its place. An object whose names cannot
 * be in a path, or that has none, is one value.
 * @param {ImageDocument} document
 * @returns {[string, any][]}
 */
export function memberProperties(document) {
  return propertiesOf(document).flatMap(([name, value]) => (
    NO_MEMBER.test(name) ? [/** @type {[string, any]} */ ([name, value])] : members(name, value, 1)));
}

/**
 * @param {string} path
 * @param {any} value
 * @param {number} level
 * @returns {[string, any][]}
 */
function members(path, value, level) {
  const isObject = value !== null && typeof value === 'object' && !Array.isArray(value);
  const inside = isObject ? Object.entries(value) : [];
  if (!inside.length || level === MOST_LEVELS || inside.some(([name]) => NO_MEMBER.test(name))) {
    return [[path, value]];
  }
  return inside.flatMap(([name, each]) => members(`${path}.${name}`, each, level + 1));
}
