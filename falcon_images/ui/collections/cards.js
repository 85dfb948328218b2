// The cards of all collections: how they are asked for, sorted and searched.

import { json } from '../parts/api.js';
import { lookUp } from '../parts/look-up.js';

/**
 * @typedef {object} CardOf what is known of a collection; null is not known yet
 * @property {string} name
 * @property {string | null} title
 * @property {string | null} description
 * @property {number | null} documents
 * @property {number | null} bytes
 * @property {string | null} bytes_time
 * @property {{ _id: string, time: string, image: string } | null} newest
 */
/** @typedef {{ collections: CardOf[], bytes_free: number | null }} Cards */

/** @type {Record<string, (a: CardOf, b: CardOf) => number>} */
const ORDERS = {
  newest: (a, b) => compare(b.newest?.time ?? '', a.newest?.time ?? ''),
  name: () => 0,
  most: (a, b) => (b.documents ?? 0) - (a.documents ?? 0),
  largest: (a, b) => (b.bytes ?? 0) - (a.bytes ?? 0),
};

/** The orders in which collections can be shown, the usual one first. */
export const CARD_ORDERS = Object.keys(ORDERS);

/**
 * Ask for the cards of all collections.
 * @param {AbortSignal} signal
 * @returns {Promise<Cards>}
 */
export function loadCards(signal) {
  return json('/collections?details=true', { signal });
}

/**
 * The cards that have all words of a text, in an order; those that are alike by name.
 * @param {CardOf[]} cards
 * @param {string} text
 * @param {string} order
 */
export function chosenCards(cards, text, order) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const byOrder = lookUp(ORDERS, order) ?? ORDERS.newest;
  return cards
    .filter((card) => words.every((word) => textOf(card).includes(word)))
    .sort((a, b) => byOrder(a, b) || compare(a.name, b.name));
}

/**
 * How many images there are in all, and how many bytes.
 * @param {CardOf[]} cards
 */
export function totals(cards) {
  const sum = (/** @type {(card: CardOf) => number | null} */ of) => (
    cards.reduce((total, card) => total + (of(card) ?? 0), 0));
  return { images: sum((card) => card.documents), bytes: sum((card) => card.bytes) };
}

/** @param {CardOf} card */
function textOf({ name, title, description }) {
  return [name, title, description].join('\n').toLowerCase();
}

/**
 * @param {string} a
 * @param {string} b
 */
function compare(a, b) {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
