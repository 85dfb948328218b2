// Claims: images that this page works on, so that nobody else is given them.

import { collectionPath, send, sendJson } from '../parts/api.js';

/** @import { Condition, View } from '../parts/state.js' */
/** @import { ImageDocument } from '../parts/values.js' */

const SECONDS = 120;
const RENEW_MS = 40_000;

/** @type {Map<string, string>} the paths of claims that are held, by the ids of their images */
const held = new Map();

/**
 * Claim the first image that conditions select and that nobody else has.
 * @param {Pick<View, 'collection' | 'sort'> & { conditions: Condition[] }} wanted
 * @returns {Promise<ImageDocument | null>} null where nothing is left
 */
export async function claimImage({ collection, conditions, sort }) {
  // A property of this name is no duration.
  const pairs = conditions.map(([name, value]) => [name === 'seconds' ? `eq_${name}` : name, value]);
  const query = new URLSearchParams([...pairs, ['seconds', String(SECONDS)]]);
  if (sort) query.set('sort', sort);
  const { value } = await sendJson('POST', `${collectionPath(collection, 'claims')}?${query}`);
  const [image] = value.images;
  if (image) held.set(image._id, collectionPath(collection, 'claims', value.claim));
  return image ?? null;
}

/** The images that this page has claimed. */
export function claimedIds() {
  return [...held.keys()];
}

/**
 * Give an image back, if it was claimed; a claim that cannot be given back ends by itself.
 * @param {string} id
 */
export function giveBack(id) {
  const path = held.get(id);
  held.delete(id);
  // Also while the page is being left.
  if (path) send(path, { method: 'DELETE', keepalive: true }).catch(() => {});
}

setInterval(() => {
  for (const path of held.values()) {
    send(`${path}?seconds=${SECONDS}`, { method: 'PUT' }).catch(() => {});
  }
}, RENEW_MS);

addEventListener('pagehide', () => { for (const id of claimedIds()) giveBack(id); });
