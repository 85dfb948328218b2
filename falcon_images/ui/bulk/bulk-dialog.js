// Relabel or delete what is selected, with the count before.

import { colorOf } from '../labels/labels.js';
import { Dialog } from '../parts/dialog.js';
import { toast, toastError, toastUndo } from '../parts/toasts.js';
import { typedText, typedValue, valueText } from '../parts/values.js';
import { number, t } from '../parts/words.js';
import { Thumbnail } from '../pictures/picture.js';
import { thumbnailPath } from '../pictures/pictures.js';
import { html, useEffect, useState } from '../vendor/preact-htm.js';
import { preview, relabel, remove, revert } from './bulk.js';

/** @import { Labels } from '../labels/pressed.js' */
/** @import { Selection } from '../list/selection.js' */
/** @import { Condition } from '../parts/state.js' */
/** @import { Done, Preview } from './bulk.js' */

/** @typedef {'relabel' | 'remove'} Kind */

/**
 * @typedef {object} BulkDialogProps
 * @property {Kind} kind
 * @property {string} collection
 * @property {Condition[]} conditions
 * @property {Labels} labels
 * @property {Selection} selection
 * @property {unknown} [value] the one that is proposed
 * @property {() => void} onClose
 * @property {() => void} onDone
 */

/**
 * The dialog for a change of all that is selected.
 * @param {BulkDialogProps} props
 */
export function BulkDialog({ kind, collection, conditions, labels, selection, value, onClose, onDone }) {
  const [name, setName] = useState(labels.label);
  const [text, setText] = useState(value === undefined ? '' : typedText(value));
  const [busy, setBusy] = useState(false);
  const [count, countAgain] = usePreview(collection, selection, conditions);
  /** @param {Event} event */
  const change = async (event) => {
    event.preventDefault();
    if (!count.found) return;
    setBusy(true);
    try {
      const done = kind === 'remove'
        ? await remove(collection, count.found)
        : await relabel(collection, count.found, { [name.trim()]: typedValue(text) });
      announce(kind, collection, done, onDone);
      onClose();
    } catch (/** @type {any} */ error) {
      setBusy(false);
      if (error.done?.changes.length) announce(kind, collection, error.done, onDone);
      if (error.status === 412) toast(t('otherNumber'), { failed: true });
      else toastError(error);
      countAgain();
    }
  };
  const matched = count.found?.matched;
  return html`
    <${Dialog} title=${t(kind === 'remove' ? 'deleteImages' : 'relabelImages')} onClose=${onClose}>
      <form onSubmit=${change}>
        ${kind === 'relabel' && html`
          <label class="row">${t('property')}
            <input value=${name} required autofocus=${!name} onInput=${(event) => setName(event.target.value)} /></label>
          <label class="row">${t('value')}
            <input value=${text} required autofocus=${Boolean(name)} list="label-values"
              onInput=${(event) => setText(event.target.value)} /></label>
          <datalist id="label-values">
            ${labels.values.map((each) => html`<option value=${typedText(each)} />`)}
          </datalist>
          <div class="label-bar">
            ${labels.values.filter((each) => each !== '').map((each) => html`
              <button type="button" key=${typedText(each)} class=${`label-key ${colorOf(valueText(each))}`}
                aria-pressed=${String(typedText(each) === text)} onClick=${() => setText(typedText(each))}>
                ${valueText(each)}</button>`)}
          </div>
          <p class="muted">${t('typedHelp')}</p>`}
        <p class="matched" aria-live="polite">
          ${count.error ? count.error.message
            : matched === undefined ? t('counting') : t(kind === 'remove' ? 'willDelete' : 'willChange', { n: number(matched) })}
        </p>
        <div class="examples">
          ${count.found?.examples.map(({ _id }) => html`
            <span key=${_id}><${Thumbnail} path=${thumbnailPath(collection, _id)} /></span>`)}
        </div>
        <p class="muted">${t('canBeUndone')}</p>
        <div class="buttons">
          <button type="button" onClick=${onClose}>${t('cancel')}</button>
          <button class=${kind === 'remove' ? 'danger' : 'primary'} disabled=${!matched || busy}
            autofocus=${kind === 'remove'}>
            ${t(kind === 'remove' ? 'deleteN' : 'relabelN', { n: matched === undefined ? '…' : number(matched) })}
          </button>
        </div>
      </form>
    </${Dialog}>`;
}

/** @typedef {{ found?: Preview, error?: Error }} Count */

/**
 * @param {string} collection
 * @param {Selection} selection
 * @param {Condition[]} conditions
 * @returns {[Count, () => void]}
 */
function usePreview(collection, selection, conditions) {
  const [count, setCount] = useState(/** @type {Count} */ ({}));
  const [asked, setAsked] = useState(0);
  useEffect(() => {
    let here = true;
    preview(collection, selection, conditions)
      .then((found) => here && setCount({ found }), (error) => here && setCount({ error }));
    return () => { here = false; };
  }, [asked]);
  return [count, () => setAsked(asked + 1)];
}

/**
 * @param {Kind} kind
 * @param {string} collection
 * @param {Done} done
 * @param {() => void} onDone
 */
function announce(kind, collection, done, onDone) {
  const text = t(kind === 'remove' ? 'deletedN' : 'relabelledN', { n: number(done.changed) });
  if (done.changes.length) toastUndo({ text, undo: () => undo(collection, done.changes, onDone) });
  else toast(text);
  onDone();
}

/**
 * Undo changes, and return a sentence that says what came of it.
 * @param {string} collection
 * @param {string[]} changes
 * @param {() => void} onDone
 */
export async function undo(collection, changes, onDone) {
  const { reverted, conflicts } = await revert(collection, changes);
  onDone();
  const text = t('undone', { n: number(reverted) });
  return conflicts ? `${text} ${t('conflicts', { n: number(conflicts) })}` : text;
}
