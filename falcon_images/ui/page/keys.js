// The keys of the page, and the dialog that shows them all.

import { Dialog } from '../parts/dialog.js';
import { lookUp } from '../parts/look-up.js';
import { undoLast } from '../parts/toasts.js';
import { t } from '../parts/words.js';
import { openUploads } from '../upload/uploads.js';
import { html, useEffect, useRef } from '../vendor/preact-htm.js';

/** @import { Actions } from './collection.js' */

const HELP = [
  ['1 – 9', 'keyLabel'], ['← ↑ → ↓', 'keyMove'], ['Enter', 'keyOpen'], ['Esc', 'keyBack'], ['N', 'keyNextUnlabelled'],
  ['Space', 'keySelect'], ['Shift + ←→', 'keyExtend'], ['Ctrl + A', 'keyAll'],
  ['L', 'keyRelabel'], ['Delete', 'keyDelete'], ['Ctrl + Z', 'keyUndo'], ['F', 'keyFilters'],
  ['/', 'keyCondition'], ['G', 'keyTable'], ['E', 'keyExport'], ['U', 'keyUpload'], ['+  −', 'keyZoom'],
  ['0', 'keyFit'], ['Z', 'keyPixels'], ['I', 'keyProperties'], ['B', 'keyLevels'], ['C', 'keyCompare'],
  ['S', 'keyShapes'], ['V R P D', 'keyTools'], ['H', 'keyHide'], ['?', 'keyHelp'],
];

const MOVES = new Set([
  'ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', 'PageUp', 'PageDown', 'Home', 'End', 'Enter', ' ',
]);

/**
 * Whether a key is meant for a field that is written in, or for a dialog, which is above the
 * page also when nothing in it has the focus.
 * @param {Event} event
 */
export function isWriting(event) {
  if (document.querySelector('dialog[open]')) return true;
  const element = /** @type {Partial<Element>} */ (event.target ?? {});
  return element.closest?.('input:not([type=checkbox], [type=range]), textarea, select, dialog') !== null;
}

/**
 * Act on the keys of the page, but not while somebody writes.
 * @param {Actions} actions what each key does; see the table below
 * @param {boolean} on whether they are to be heard
 */
export function useKeys(actions, on) {
  const current = useRef({ actions, on });
  current.current = { actions, on };
  useEffect(() => {
    const down = (/** @type {KeyboardEvent} */ event) => {
      const { actions: now, on: heard } = current.current;
      if (!heard || event.defaultPrevented || isWriting(event)) return;
      if (act(event, now)) event.preventDefault();
    };
    addEventListener('keydown', down);
    return () => removeEventListener('keydown', down);
  }, []);
}

/**
 * @param {KeyboardEvent} event
 * @param {Actions} actions
 */
function act(event, actions) {
  const control = event.ctrlKey || event.metaKey;
  if (event.altKey) return false;
  const key = event.key.toLowerCase();
  if (MOVES.has(event.key) && event.target === document.body) return passToList(event);
  if (control) return run(lookUp({ a: actions.selectAll, z: undoLast }, key));
  if (/^[1-9]$/.test(key)) return run(() => actions.mark(Number(key)));
  return run(lookUp({
    escape: actions.selectNothing, delete: actions.remove, l: actions.relabel,
    c: actions.compare, e: actions.export, f: actions.toggleFilters, g: actions.toggleView, n: actions.nextUnlabelled,
    u: openUploads, '?': showHelp,
    '/': () => clickOn('[data-add-condition]'),
  }, key));
}

/**
 * Have the list act on a key of its own, although nothing has the focus yet.
 * @param {KeyboardEvent} event
 */
function passToList({ key, shiftKey }) {
  /** @type {HTMLElement | null} */
  const list = document.querySelector('.list');
  list?.focus();
  list?.dispatchEvent(new KeyboardEvent('keydown', { key, shiftKey, cancelable: true }));
  return list !== null;
}

/** @param {(() => unknown) | undefined} action */
function run(action) {
  action?.();
  return Boolean(action);
}

/** Open the dialog with all keys. */
export function showHelp() {
  clickOn('[data-keys-help]');
}

/** @param {string} selector */
function clickOn(selector) {
  /** @type {HTMLElement | null} */ (document.querySelector(selector))?.click();
}

/**
 * All keys, and what they do.
 * @param {{ onClose: () => void }} props
 */
export function KeysDialog({ onClose }) {
  return html`
    <${Dialog} title=${t('keys')} onClose=${onClose} wide>
      <dl class="keys">
        ${HELP.map(([key, word]) => html`
          <div key=${key}><dt><kbd>${key}</kbd></dt><dd>${t(word)}</dd></div>`)}
      </dl>
    </${Dialog}>`;
}
