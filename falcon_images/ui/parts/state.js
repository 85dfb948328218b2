// What the page shows is in its address, so that it can be sent and gone back to.

import { Watched } from './watched.js';

// A name that begins with a dot is never a condition: those with one are the page's own.
const OWN = '.';

/** @typedef {[string, string]} Condition a name and a value */

/**
 * @typedef {object} View
 * @property {string} collection the collection that is shown, or ''
 * @property {Condition[]} conditions as the API takes them
 * @property {string} sort as the API takes it; '' is newest first
 * @property {string} image the id of the image that is open, or ''
 * @property {Record<string, string>} own what belongs to the page alone
 */

/**
 * Read an address: `#/COLLECTION?conditions&sort=&.view=table&.image=ID`.
 * @param {string} hash
 * @returns {View}
 */
export function parseView(hash) {
  const [path, query = ''] = split(hash.replace(/^#\/?/, ''), '?');
  /** @type {Omit<View, 'own'>} */
  const view = { collection: decode(path), conditions: [], sort: '', image: '' };
  /** @type {[string, string][]} */
  const own = [];
  for (const [name, value] of new URLSearchParams(query)) {
    if (name === '.image') view.image = value;
    else if (name === 'sort') view.sort = value;
    else if (name.startsWith(OWN)) own.push([name.slice(1), value]);
    else if (value !== '') view.conditions.push([name, value]);
  }
  // Whatever the names are, they are its own, and nothing else's.
  return { ...view, own: Object.fromEntries(own) };
}

/**
 * Write the address of a view.
 * @param {View} view
 */
export function formatView(view) {
  const params = new URLSearchParams(view.conditions);
  if (view.sort) params.set('sort', view.sort);
  for (const [name, value] of Object.entries(view.own)) {
    if (value) params.set(OWN + name, value);
  }
  if (view.image) params.set('.image', view.image);
  const query = params.toString();
  return `#/${encodeURIComponent(view.collection)}${query ? `?${query}` : ''}`;
}

/** The view that is shown now. */
export const view = new Watched(parseView(location.hash));

/**
 * Change the view; with `replace`, without a step in the browser's history.
 * @param {Partial<View>} changes
 * @param {{ replace?: boolean }} [options]
 */
export function go(changes, { replace = false } = {}) {
  const next = { ...view.value, ...changes };
  const address = formatView(next);
  if (address !== location.hash) {
    history[replace ? 'replaceState' : 'pushState'](null, '', address);
  }
  view.value = next;
}

/**
 * Change what belongs to the page alone, such as the size of the pictures.
 * @param {Record<string, string>} changes
 * @param {{ replace?: boolean }} [options]
 */
export function goOwn(changes, options = { replace: true }) {
  go({ own: { ...view.value.own, ...changes } }, options);
}

/**
 * Keep in the address where in the list one is, which draws nothing again.
 * @param {number} at the index of the first image that is seen, and the part of it that is not
 */
export function keepPlace(at) {
  view.value.own.at = at > 0 ? String(Math.round(at * 10) / 10) : '';
  history.replaceState(history.state, '', formatView(view.value));
}

/** How often another list was gone back to, whose place is that of its address. */
export const visits = new Watched(0);

addEventListener('popstate', () => {
  const before = view.value;
  const next = parseView(location.hash);
  const isSameList = listOf(before) === listOf(next);
  // A list that is still here is left where it is by now.
  view.value = isSameList ? { ...next, own: { ...next.own, at: before.own.at ?? '' } } : next;
  if (isSameList) history.replaceState(history.state, '', formatView(view.value));
  else visits.value += 1;
});

/** @param {View} view */
function listOf({ collection, conditions, sort }) {
  return JSON.stringify([collection, conditions, sort]);
}

/**
 * @param {string} text
 * @param {string} separator
 */
function split(text, separator) {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

/** @param {string} text */
function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
