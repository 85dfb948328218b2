// Short notices, and what can be undone.

import { html } from '../vendor/preact-htm.js';
import { Icon } from './icons.js';
import { Watched } from './watched.js';
import { t } from './words.js';

/** @typedef {{ run: () => Promise<string> }} Undo */
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
  toasts.value = [...toasts.value.slice(-2), { id, text, undo, failed }];
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
 * Show what was done, and how it is undone: by its button or Ctrl+Z.
 * @param {string} text
 * @param {() => Promise<string>} run
 */
export function toastUndo(text, run) {
  const undo = { run };
  undoable.push(undo);
  if (undoable.length > MAX_UNDO) undoable.shift();
  toast(text, { undo });
}

/** Undo what was done last. */
export function undoLast() {
  const undo = undoable.at(-1);
  if (undo) runUndo(undo);
  else toast(t('nothingToUndo'));
}

/** @param {Undo} undo */
async function runUndo(undo) {
  const at = undoable.indexOf(undo);
  if (at < 0) return;
  undoable.splice(at, 1);
  toasts.value = toasts.value.filter((each) => each.undo !== undo);
  try {
    toast(await undo.run());
  } catch (/** @type {any} */ error) {
    toastError(error);
  }
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
