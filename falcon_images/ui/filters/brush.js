// A brush over bars: from where to where it is drawn, and the conditions that it means.

import { conditionValue, withValue } from './conditions.js';

/** @import { Condition } from '../parts/state.js' */

/** @typedef {{ from: any, to: any, count: number }} Bin */
/** @typedef {[string, string]} Params the names of the conditions at both ends */

/**
 * The number of the bar at a place, as a share of the width.
 * @param {number} share
 * @param {number} count
 */
export function barAt(share, count) {
  return Math.max(0, Math.min(count - 1, Math.floor(share * count)));
}

/**
 * The conditions with the range of some bars; all bars are no condition.
 * @param {Condition[]} conditions
 * @param {Params} params
 * @param {Bin[]} bins
 * @param {number} first
 * @param {number} last
 */
export function brushed(conditions, [min, max], bins, first, last) {
  const [from, to] = first < last ? [first, last] : [last, first];
  const least = from === 0 ? '' : String(start(bins[from]));
  const greatest = to === bins.length - 1 ? '' : String(end(bins[to]));
  return withValue(withValue(conditions, min, least), max, greatest);
}

/**
 * The bars that conditions leave, as the first and the last; null where they take none away.
 * @param {Condition[]} conditions
 * @param {Params} params
 * @param {Bin[]} bins
 * @returns {[number, number] | null}
 */
export function barsOf(conditions, [min, max], bins) {
  const [least, greatest] = [conditionValue(conditions, min), conditionValue(conditions, max)];
  if ((!least && !greatest) || !bins.length) return null;
  const low = least ? amount(least) : -Infinity;
  const high = greatest ? amount(greatest) : Infinity;
  const inside = bins.map(({ from, to }, index) => ({ index, from: amount(from), to: amount(to) }))
    // By their middles: ends are rounded.
    .filter((bin) => (bin.from + bin.to) / 2 >= low && (bin.from + bin.to) / 2 <= high);
  if (!inside.length) return null;
  return [inside[0].index, inside[inside.length - 1].index];
}

/**
 * Where a range begins, with as many digits as can be seen; dates as they are.
 * @param {Bin} bin
 */
function start({ from, to }) {
  return typeof from === 'number' ? rounded(from, to - from) : from;
}

/**
 * @param {number} value
 * @param {number} width
 */
function rounded(value, width) {
  if (Number.isInteger(value) || !(width > 0)) return value;
  const digits = 1 - Math.floor(Math.log10(width));
  return digits < 0 || digits > 100 ? value : Number(value.toFixed(digits));
}

/**
 * Where a range ends for `max_` and `to`, which have their end too: just before the next.
 * @param {Bin} bin
 */
function end({ from, to }) {
  if (typeof to === 'string') return new Date(Date.parse(to) - 1).toISOString();
  if (Number.isInteger(from) && Number.isInteger(to)) return to - 1;
  return rounded(to, to - from);
}

/** @param {any} value */
function amount(value) {
  const number = Number(value);
  return Number.isNaN(number) ? Date.parse(value) : number;
}
