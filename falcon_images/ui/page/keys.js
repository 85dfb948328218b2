// The keys of the page, and the dialog that shows them all.

import { inForce, isSet, labelNumber } from '../labels/pressed.js';
import { Dialog } from '../parts/dialog.js';
import { lookUp } from '../parts/look-up.js';
import { undoLast } from '../parts/toasts.js';
import { valueText } from '../parts/values.js';
import { t } from '../parts/words.js';
import { openUploads } from '../upload/uploads.js';
import { html, useEffect, useRef } from '../vendor/preact-htm.js';

/** @import { Labels } from '../labels/pressed.js' */
/** @import { Actions } from './collection.js' */

const HELP = [
  ['← ↑ → ↓', 'keyMove'], ['Enter', 'keyOpen'], ['Esc', 'keyBack'], ['N', 'keyNextUnlabelled'],
  ['Space', 'keySelect'], ['Shift + ←→', 'keyExtend'], ['Ctrl + A', 'keyAll'],
  ['L', 'keyRelabel'], ['Delete', 'keyDelete'], ['Ctrl + Z', 'keyUndo'], ['F', 'keyFilters'],
  ['/', 'keyCondition'], ['G', 'keyTable'], ['E', 'keyExport'], ['U', 'keyUpload'], ['+  −', 'keyZoom'],
  ['0', 'keyFit'], ['Z', 'keyPixels'], ['I', 'keyProperties'], ['B', 'keyLevels'], ['C', 'keyCompare'],
  ['S', 'keyShapes'], ['V R P D', 'keyTools'], ['H', 'keyHide'], ['?', 'keyHelp'],
];

// What is not written in the list as it is pressed.
const MORE_KEYS = ['-', '=', ' '];
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
 * Whether a key does something else than to set a label, here or where an image is open.
 * @param {string} key in small letters
 */
export function isKeyOfPage(key) {
  // With Ctrl or Shift it would be another key.
  const alone = HELP.map(([keys]) => keys.toLowerCase()).filter((keys) => !keys.includes(' + '));
  return MORE_KEYS.includes(key) || alone.some((keys) => keys.split(/\s+/).includes(key));
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
  const number = labelNumber(key);
  if (number) return run(() => actions.mark(number));
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
  const rows = [...labelRows(inForce.use()), ...HELP.map(([key, word]) => [key, t(word)])];
  return html`
    <${Dialog} title=${t('keys')} onClose=${onClose} wide>
      <dl class="keys">
        ${rows.map(([key, text]) => html`
          <div key=${key}><dt><kbd>${key}</kbd></dt><dd>${text}</dd></div>`)}
      </dl>
    </${Dialog}>`;
}

/**
 * @param {Labels} labels
 * @returns {string[][]} each key with what it does
 */
function labelRows({ label, values, keys }) {
  const rows = values.flatMap((value, at) => (
    label && isSet(value) ? [[keys[at].toUpperCase(), t('setsLabel', { label, value: valueText(value) })]] : []));
  return rows.length ? rows : [['1 – 9', t('keyLabel')]];
}
