// In which order properties are offered: what serves first, as the person has arranged them.

import { lookUp } from '../parts/look-up.js';

/** @import { Field } from './fields.js' */

const STORED = 'falcon-images.facets';
const FEW = 20;

/** @typedef {{ pinned: string[], hidden: string[] }} Arranged */

/**
 * What a person has pinned and hidden in a collection.
 * @param {string} collection
 * @returns {Arranged}
 */
export function storedArrangement(collection) {
  const found = lookUp(stored(), collection);
  return { pinned: names(found?.pinned), hidden: names(found?.hidden) };
}

/**
 * Keep it, in this browser.
 * @param {string} collection
 * @param {Arranged} arranged
 */
export function storeArrangement(collection, arranged) {
  localStorage.setItem(STORED, JSON.stringify({ ...stored(), [collection]: arranged }));
}

/**
 * The list with a name more, or without it if it has it.
 * @param {string[]} list
 * @param {string} name
 */
export function switched(list, name) {
  return list.includes(name) ? list.filter((each) => each !== name) : [...list, name];
}

/**
 * The properties in the order in which they serve: pinned ones, the label, those with few
 * values, numbers and dates, and at the end those with a value for each image. What belongs
 * to one object stays together.
 * @param {Field[]} fields
 * @param {{ label: string, arranged: Arranged, text: string }} options
 */
export function offered(fields, { label, arranged, text }) {
  const wanted = text.trim().toLowerCase();
  return fields
    .filter(({ name }) => wanted || !arranged.hidden.includes(name))
    .filter((field) => !wanted || isFound(field, wanted))
    .map((field) => ({ field, rank: rank(field, label, arranged) }))
    .sort((one, other) => one.rank - other.rank || (one.field.name < other.field.name ? -1 : 1))
    .map(({ field }) => field);
}

/**
 * Whether a range serves better than a list of values: there are many numbers, or dates.
 * @param {Field} field
 */
export function isRange({ types, distinct }) {
  return Boolean((types.number && distinct > FEW) || types.date);
}

/**
 * Whether a property helps to choose images: not those with a value for each.
 * @param {Field} field
 */
export function isHelpful(field) {
  return field.distinct <= FEW || isRange(field);
}

/**
 * @param {Field} field
 * @param {string} label
 * @param {Arranged} arranged
 */
function rank(field, label, { pinned }) {
  if (pinned.includes(field.name)) return pinned.indexOf(field.name) - pinned.length;
  if (field.name === label) return 0;
  if (field.distinct <= FEW) return 1;
  return isRange(field) ? 2 : 3;
}

/**
 * @param {Field} field
 * @param {string} wanted
 */
function isFound({ name, values }, wanted) {
  return name.toLowerCase().includes(wanted)
    || values.some(({ value }) => typeof value === 'string' && value.toLowerCase().includes(wanted));
}

/** @returns {Record<string, Partial<Arranged> | undefined>} */
function stored() {
  try {
    const found = JSON.parse(localStorage.getItem(STORED) ?? '{}');
    return found && typeof found === 'object' ? found : {};
  } catch {
    return {};
  }
}

/** @param {unknown} found */
function names(found) {
  return Array.isArray(found) ? found.filter((each) => typeof each === 'string') : [];
}
