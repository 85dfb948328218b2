// Images without a label: how many are left, and one after the other, never those of others.

import { without } from '../filters/conditions.js';
import { collectionPath, send, totalOf } from '../parts/api.js';
import { Icon } from '../parts/icons.js';
import { go, view } from '../parts/state.js';
import { toast, toastError } from '../parts/toasts.js';
import { Watched } from '../parts/watched.js';
import { number, t } from '../parts/words.js';
import { html, useEffect, useState } from '../vendor/preact-htm.js';
import { claimedIds, claimImage, giveBack } from './claims.js';

/** @import { Condition, View } from '../parts/state.js' */
/** @import { ImageDocument } from '../parts/values.js' */

/** @typedef {{ total: number, isExact: boolean }} Left */
/** @typedef {Promise<ImageDocument | null>} Found */

/** Whether the next image is on its way. */
export const busy = new Watched(false);

/** @type {Map<string, Promise<unknown>>} the labels that are on their way, by their images */
const marking = new Map();
let current = '';
/** @type {{ key: string, found: Found } | null} the one after the current one */
let ahead = null;

/**
 * Open the next image that has no label and that nobody else has.
 * @param {View} shown
 * @param {string} label the property's name
 */
export async function openNext({ collection, conditions, sort }, label) {
  if (busy.value) return;
  busy.value = true;
  try {
    const wanted = { collection, conditions: unlabelled(conditions, label), sort };
    const image = await takeAhead(JSON.stringify(wanted)) ?? await claimImage(wanted);
    if (!image) {
      leaveAll();
      // It is the last thing that is said.
      await Promise.allSettled(marking.values());
      return toast(t('noneUnlabelled', { label }));
    }
    // Those that are passed over are kept until the end, or they would come at once again.
    current = image._id;
    go({ image: image._id }, { replace: Boolean(view.value.image) });
    // It is there when it is asked for.
    ahead = { key: JSON.stringify(wanted), found: claimImage(wanted).catch(() => null) };
  } catch (/** @type {any} */ error) {
    toastError(error);
  } finally {
    busy.value = false;
  }
}

/**
 * Whether an image was opened so, and the next one of them comes after it.
 * @param {string} id
 */
export function isInTurn(id) {
  return id === current;
}

/**
 * How many images have no label; null if that is not known.
 * @param {View} shown
 * @param {string} label the property's name
 * @param {unknown} version another one counts again
 * @returns {Left | null}
 */
export function useLeft({ collection, conditions }, label, version) {
  const [left, setLeft] = useState(/** @type {Left | null} */ (null));
  const query = new URLSearchParams(unlabelled(conditions, label)).toString();
  useEffect(() => {
    if (!label) return;
    const { signal, abort } = controller();
    send(`${collectionPath(collection, 'images')}?${query}`, { method: 'HEAD', signal })
      .then((response) => setLeft(totalOf(response)), () => {});
    return abort;
  }, [collection, query, version]);
  return label ? left : null;
}

/**
 * How many images are left, which leads to the next of them.
 * @param {{ label: string, left: Left | null, onNext: () => void }} props
 */
export function Progress({ label, left, onNext }) {
  if (!left) return null;
  const n = number(left.total);
  if (!left.total) return html`<span class="left muted">${t('allLabelled')}</span>`;
  return html`
    <button class="left" onClick=${onNext} title=${t('nextUnlabelledOf', { label })}>
      ${t(left.isExact ? 'nUnlabelled' : 'moreUnlabelled', { n })}<${Icon} name="forward" /></button>`;
}

/**
 * @param {Condition[]} conditions
 * @param {string} label
 * @returns {Condition[]}
 */
function unlabelled(conditions, label) {
  return [...without(conditions, label), [`has_${label}`, 'false']];
}

/** @param {string} key */
async function takeAhead(key) {
  const next = ahead;
  ahead = null;
  if (next?.key === key) return next.found;
  next?.found.then((image) => image && giveBack(image._id));
  return null;
}

function controller() {
  const made = new AbortController();
  return { signal: made.signal, abort: () => made.abort() };
}

// Who goes elsewhere leaves them to others; one that is being labelled is given back after that.
view.watch(({ image }) => {
  if (current && image !== current) leaveAll();
});

function leaveAll() {
  current = '';
  takeAhead('');
  for (const id of claimedIds()) if (!marking.has(id)) giveBack(id);
}

/**
 * Give an image back once its label is stored, if it was claimed.
 * @param {string} id
 * @param {Promise<unknown>} stored
 */
export async function giveBackAfter(id, stored) {
  marking.set(id, stored);
  await stored;
  marking.delete(id);
  giveBack(id);
}
