// Which properties a collection's images have, and how often each value.

import { collectionPath, json } from '../parts/api.js';
import { useEffect, useState } from '../vendor/preact-htm.js';
import { readCondition, without } from './conditions.js';

/** @import { Condition } from '../parts/state.js' */

const VALUES = 30;
const MOST_LABELS = 20;
// Of these an image has many, and a key would set one.
const OF_SHAPES = /^(boxes|polygons|points)\./;
const LABEL_NAME = /label|class|result|status|prediction|verdict|judg/i;

/**
 * @typedef {object} Field a property in the answer of `GET /collections/C/fields`
 * @property {string} name
 * @property {number} documents how many images there are, with it or without
 * @property {number} count
 * @property {Record<string, {count: number, min?: any, max?: any}>} types
 * @property {number} distinct
 * @property {{value: any, count: number}[]} values
 */

/**
 * @typedef {object} Fields
 * @property {Field[]} list
 * @property {boolean} loading
 * @property {string} version another one whenever they were asked for anew
 * @property {number} [took] how many milliseconds they took
 * @property {Error} [error]
 */

/**
 * The fields of the images that conditions select.
 * @param {string} collection
 * @param {Condition[]} conditions
 * @param {string} version another one asks again
 * @returns {Fields}
 */
export function useFields(collection, conditions, version) {
  const [fields, setFields] = useState(/** @type {Fields} */ ({ list: [], loading: true, version }));
  const asked = JSON.stringify(conditions);
  useEffect(() => {
    const controller = new AbortController();
    const begun = performance.now();
    setFields((before) => ({ ...before, loading: true }));
    loadFields(collection, conditions, controller.signal)
      .then((list) => setFields({ list, loading: false, version, took: performance.now() - begun }))
      .catch((error) => error.name === 'AbortError'
        || setFields({ list: [], loading: false, version, error, took: performance.now() - begun }));
    return () => controller.abort();
  }, [collection, asked, version]);
  return fields;
}

/**
 * @param {string} collection
 * @param {Condition[]} conditions
 * @param {AbortSignal} signal
 */
async function loadFields(collection, conditions, signal) {
  const fields = await ask(collection, conditions, signal);
  const limited = new Set(conditions.map((pair) => readCondition(pair).name));
  limited.delete('');
  for (const name of limited) {
    // What else could be chosen shows only without the property's own conditions.
    const others = await ask(collection, without(conditions, name), signal);
    const field = others.find((each) => each.name === name);
    const at = fields.findIndex((each) => each.name === name);
    if (field) fields.splice(at < 0 ? fields.length : at, at < 0 ? 0 : 1, field);
  }
  return fields.sort((one, other) => (one.name < other.name ? -1 : 1));
}

/**
 * @param {string} collection
 * @param {Condition[]} conditions
 * @param {AbortSignal} [signal]
 * @returns {Promise<Field[]>}
 */
async function ask(collection, conditions, signal) {
  const query = new URLSearchParams([...conditions, ['values', String(VALUES)]]);
  const { documents, fields } = await json(`${collectionPath(collection, 'fields')}?${query}`, { signal });
  return fields.map((/** @type {Field} */ field) => ({ ...field, documents }));
}

/**
 * The fields of all images of a collection.
 * @param {string} collection
 */
export function allFields(collection) {
  return ask(collection, []);
}

/**
 * The property that looks most like a label, or ''.
 * @param {Field[]} fields
 */
export function likelyLabel(fields) {
  const few = fields.filter(({ name, types, distinct }) =>
    (types.string || types.boolean) && distinct > 0 && distinct <= MOST_LABELS && !OF_SHAPES.test(name));
  few.sort((one, other) => rank(other) - rank(one));
  return few[0]?.name ?? '';
}

/** @param {Field} field */
function rank({ name, count, distinct }) {
  return (LABEL_NAME.test(name) ? 2 : 0) + (distinct > 1 ? 1 : 0) + count / 1e9;
}

/**
 * The values that the keys 1 to 9 are likely to be wanted for.
 * @param {Field[]} fields
 * @param {string} label
 */
export function likelyValues(fields, label) {
  const values = fields.find(({ name }) => name === label)?.values ?? [];
  const simple = values.map(({ value }) => value).filter((value) =>
    ['string', 'boolean', 'number', 'bigint'].includes(typeof value) && value !== '');
  return simple.slice(0, 9).sort((one, other) => String(one) < String(other) ? -1 : 1);
}
