// An image that was there already when it was uploaded once more, with properties.

import { collectionPath, sendJson } from '../parts/api.js';
import { lookUp } from '../parts/look-up.js';
import { jsonText, valueText } from '../parts/values.js';
import { t } from '../parts/words.js';

/** @import { ImageDocument } from '../parts/values.js' */

const SHOWN = 3;
const SHOWN_CHARACTERS = 40;

/**
 * @typedef {object} Differences between what an image has and what was sent with it
 * @property {[string, unknown][]} lacking properties that it has not
 * @property {[string, unknown][]} others properties that it has with another value, which it has
 */

/**
 * How the properties of an image differ from those that were sent; null if they do not.
 * @param {ImageDocument | null | undefined} document
 * @param {Record<string, unknown>} properties
 * @returns {Differences | null}
 */
export function differences(document, properties) {
  if (!document) return null;
  const sent = Object.entries(properties);
  const lacking = sent.filter(([name]) => lookUp(document, name) === undefined);
  const others = sent.map(([name, value]) => [name, lookUp(document, name), value])
    .filter(([, now, value]) => now !== undefined && jsonText(now) !== jsonText(value))
    .map(([name, now]) => /** @type {[string, unknown]} */ ([name, now]));
  return lacking.length || others.length ? { lacking, others } : null;
}

/**
 * Give an image the properties that it lacks; those that it has stay, as somebody chose them.
 * @param {string} collection
 * @param {ImageDocument} document
 * @param {Differences} found
 * @param {string | null} etag
 * @returns {Promise<string>} what was done, and what was not
 */
export async function complete(collection, { _id }, { lacking, others }, etag) {
  const kept = others.length ? t('keptThere', { properties: listed(others) }) : '';
  if (!lacking.length) return kept;
  try {
    /** @type {Record<string, string>} */
    const headers = etag ? { 'If-Match': etag } : {};
    await sendJson('PATCH', collectionPath(collection, 'images', _id), Object.fromEntries(lacking), headers);
    return `${t('setThere', { properties: listed(lacking) })} ${kept}`.trim();
  } catch (/** @type {any} */ error) {
    return `${t('notSetThere', { properties: listed(lacking), why: error.message })} ${kept}`.trim();
  }
}

/** @param {[string, unknown][]} pairs */
function listed(pairs) {
  const texts = pairs.slice(0, SHOWN).map(([name, value]) => `${name} = ${valueText(value).slice(0, SHOWN_CHARACTERS)}`);
  return texts.join(', ') + (pairs.length > SHOWN ? ', …' : '');
}
