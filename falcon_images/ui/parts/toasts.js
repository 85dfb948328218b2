// Short notices, and what can be undone.

import { html } from '../vendor/preact-htm.js';
import { Icon } from './icons.js';
import { Watched } from './watched.js';
import { t } from './words.js';

/** @typedef {{ text: string, undo: () => Promise<string> }} Done what was done, and what undoes it */
/** @typedef {{ done: Promise<Done> }} Undo */
/** @typedef {{ id: number, text: string, undo?: Undo, failed: boolean }} Toast */

const SHOWN_MS = 6000;
const SHOWN_WITH_UNDO_MS = 15000;
const MAX_UNDO = 50;

const toasts = new Watched(/** @type {Toast[]} */ ([]));
/** @type {Undo[]} */
const undoable = [];
let count = 0;

/**
 * Show a notice for some seconds.
 * @param {string} text
 * @param {{ undo?: Undo, failed?: boolean }} [options]
 */
export function toast(text, { undo, failed = false } = {}) {
  const id = count++;
  // One at a time, so that little is covered; what went wrong stays for its time.
  const others = toasts.value.filter((each) => each.failed && each.text !== text).slice(-1);
  toasts.value = [...others, { id, text, undo, failed }];
  setTimeout(() => dismiss(id), undo ? SHOWN_WITH_UNDO_MS : SHOWN_MS);
}

/**
 * Show what went wrong.
 * @param {Error} error
 */
export function toastError(error) {
  if (error.name !== 'AbortError') toast(error.message || t('noAnswer'), { failed: true });
}

/**
 * Show what was done once it is, and how it is undone: by its button or Ctrl+Z. What was asked
 * for last is undone first, also while its answer is on its way.
 * @param {Done | Promise<Done>} done
 * @throws {Error} what went wrong
 */
export async function toastUndo(done) {
  const undo = { done: Promise.resolve(done) };
  undoable.push(undo);
  if (undoable.length > MAX_UNDO) undoable.shift();
  try {
    const { text } = await undo.done;
    // What was undone at once needs no notice that it was done.
    if (undoable.includes(undo)) toast(text, { undo });
  } catch (error) {
    take(undo);
    throw error;
  }
}

/** Undo what was done last. */
export function undoLast() {
  const undo = undoable.at(-1);
  if (undo) runUndo(undo);
  else toast(t('nothingToUndo'));
}

/** @param {Undo} undo */
async function runUndo(undo) {
  if (!take(undo)) return;
  toasts.value = toasts.value.filter((each) => each.undo !== undo);
  // Whoever asked for it says what went wrong.
  const done = await undo.done.catch(() => null);
  if (!done) return;
  try {
    toast(await done.undo());
  } catch (/** @type {any} */ error) {
    toastError(error);
  }
}

/**
 * @param {Undo} undo
 * @returns {boolean} whether it was still there
 */
function take(undo) {
  const at = undoable.indexOf(undo);
  if (at >= 0) undoable.splice(at, 1);
  return at >= 0;
}

/** @param {number} id */
function dismiss(id) {
  toasts.value = toasts.value.filter((each) => each.id !== id);
}

/** The notices that are shown now. */
export function Toasts() {
  return html`
    <div class="toasts" role="status" aria-live="polite">
      ${toasts.use().map(({ id, text, undo, failed }) => html`
        <div class=${`toast ${failed ? 'failed' : ''}`} key=${id}>
          <span>${text}</span>
          ${undo && html`<button class="undo" onClick=${() => runUndo(undo)}>
            <${Icon} name="undo" />${t('undo')}</button>`}
          <button class="icon" aria-label=${t('close')} onClick=${() => dismiss(id)}>
            <${Icon} name="close" /></button>
        </div>`)}
    </div>`;
}
