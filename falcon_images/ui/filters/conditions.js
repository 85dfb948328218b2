// Conditions on images, in the form that the API takes them: pairs of name and value.

/** @import { Condition } from '../parts/state.js' */
const WORDS = new Set([
  'limit', 'batch_size', 'count', 'skip', 'start_index', 'index', 'sort', 'filter',
  'fields', 'cursor', 'from', 'to', 'values', 'all', 'dry_run', 'expect', 'jwt', 'token',
  'format', 'dedupe', 'field', 'bins', 'by',
]);
const PREFIXES = ['eq_', 'min_', 'max_', 'gt_', 'lt_', 'not_', 'in_', 'like_', 'has_'];
/** @type {Record<string, string>} */
const SIGNS = {
  eq_: '=', not_: '≠', min_: '≥', max_: '≤', gt_: '>', lt_: '<', in_: '∈', like_: '~',
  has_: '∃',
};

/** The operators that a person can choose from: prefix and sign. */
export const OPERATORS = Object.entries(SIGNS);

/**
 * A condition that a property has a value; the value is as text.
 * @param {string} name
 * @param {string} value
 * @returns {Condition}
 */
export function equals(name, value) {
  const plain = !WORDS.has(name) && !PREFIXES.some((prefix) => name.startsWith(prefix));
  return [plain ? name : `eq_${name}`, value];
}

/**
 * What a condition says: the property's name, the operator's prefix, its sign.
 * @param {Condition} condition
 */
export function readCondition([param, value]) {
  if (param === 'from') return { name: 'time', prefix: 'from', sign: '≥', value };
  if (param === 'to') return { name: 'time', prefix: 'to', sign: '≤', value };
  if (param === 'filter') return { name: '', prefix: 'filter', sign: '', value };
  const prefix = PREFIXES.find((each) => param.startsWith(each)) ?? '';
  const name = param.slice(prefix.length);
  return { name, prefix: prefix || 'eq_', sign: SIGNS[prefix || 'eq_'], value };
}

/**
 * The values that a property is asked to be equal to.
 * @param {Condition[]} conditions
 * @param {string} name
 */
export function equalValues(conditions, name) {
  return conditions.map(readCondition)
    .filter((each) => each.name === name && each.prefix === 'eq_')
    .map((each) => each.value);
}

/**
 * The value of a condition with this exact name, or ''.
 * @param {Condition[]} conditions
 * @param {string} param
 */
export function conditionValue(conditions, param) {
  return conditions.find(([name]) => name === param)?.[1] ?? '';
}

/**
 * The conditions without those that concern a property.
 * @param {Condition[]} conditions
 * @param {string} name
 */
export function without(conditions, name) {
  return conditions.filter((pair) => readCondition(pair).name !== name);
}

/**
 * Put one value in place of all that a condition's name had; '' takes it away.
 * @param {Condition[]} conditions
 * @param {string} param
 * @param {string} value
 * @returns {Condition[]}
 */
export function withValue(conditions, param, value) {
  const others = conditions.filter(([name]) => name !== param);
  return value === '' ? others : [...others, [param, value]];
}

/**
 * Add a condition, or take it away if it is there.
 * @param {Condition[]} conditions
 * @param {Condition} condition
 * @returns {Condition[]}
 */
export function toggled(conditions, [param, value]) {
  const others = conditions.filter(([name, other]) => name !== param || other !== value);
  return others.length < conditions.length ? others : [...conditions, [param, value]];
}

/**
 * A day as `from` and `to` take it, with the offset of the person's own clock.
 * @param {string} day
 */
export function dayHere(day) {
  const [year, month, date] = day.split('-').map(Number);
  return day + offset(new Date(year, month - 1, date));
}

/**
 * The last moment of a day on the person's own clock: on days on which it is changed, that
 * is 23 or 25 hours after the first.
 * @param {string} day
 */
export function dayEndHere(day) {
  const [year, month, date] = day.split('-').map(Number);
  return `${day}T23:59:59.999${offset(new Date(year, month - 1, date, 23, 59, 59, 999))}`;
}

/** @param {Date} date */
function offset(date) {
  const minutes = -date.getTimezoneOffset();
  const two = (/** @type {number} */ number) => String(Math.floor(Math.abs(number))).padStart(2, '0');
  return `${minutes < 0 ? '-' : '+'}${two(minutes / 60)}:${two(minutes % 60)}`;
}
