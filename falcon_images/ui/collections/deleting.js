// Collections that are deleted, and those that can come back.

import { collectionPath, json, send, sendJson } from '../parts/api.js';
import { Dialog } from '../parts/dialog.js';
import { toast, toastError, toastUndo } from '../parts/toasts.js';
import { moment, number, t } from '../parts/words.js';
import { html, useEffect, useState } from '../vendor/preact-htm.js';

/** @import { CardOf } from './cards.js' */

/**
 * @typedef {object} Deleted a collection that can come back
 * @property {string} name
 * @property {number} documents
 * @property {string} change what brings it back
 * @property {string} time
 * @property {string} until
 */

/**
 * The dialog that asks once more, and deletes.
 * @param {{ card: CardOf, onClose: () => void, onDone: () => void }} props
 */
export function DeleteDialog({ card, onClose, onDone }) {
  const { name, documents } = card;
  const remove = async (/** @type {Event} */ event) => {
    event.preventDefault();
    onClose();
    try {
      await toastUndo(removed(name, onDone));
    } catch (/** @type {any} */ error) {
      toastError(error);
    }
    onDone();
  };
  return html`
    <${Dialog} title=${t('deleteCollection')} onClose=${onClose}>
      <form onSubmit=${remove}>
        <p>${t('deleteAsked', { name, n: documents === null ? '…' : number(documents) })}</p>
        <p class="muted">${t('collectionCanComeBack')}</p>
        <div class="buttons">
          <button type="button" onClick=${onClose}>${t('cancel')}</button>
          <button class="danger" autofocus>${t('delete')}</button>
        </div>
      </form>
    </${Dialog}>`;
}

/**
 * The dialog with all collections that can come back.
 * @param {{ onClose: () => void, onDone: () => void }} props
 */
export function DeletedDialog({ onClose, onDone }) {
  const [{ deleted, error }, setFound] = useState(/** @type {{ deleted?: Deleted[], error?: Error }} */ ({}));
  const load = () => json('/collections?deleted=true')
    .then((found) => setFound({ deleted: found }), (ex) => setFound({ error: ex }));
  useEffect(() => { load(); }, []);
  const revertOne = async (/** @type {Deleted} */ each) => {
    try {
      toast(await revert(each.name, each.change, onDone));
    } catch (/** @type {any} */ ex) {
      toastError(ex);
    }
    load();
  };
  return html`
    <${Dialog} title=${t('deletedCollections')} onClose=${onClose} wide>
      ${error && html`<p class="failed">${error.message}</p>`}
      ${deleted?.length === 0 && html`<p class="muted">${t('noDeleted')}</p>`}
      <ul class="changes">
        ${deleted?.map((each) => html`
          <li key=${each.change}>
            <time>${moment(each.time)}</time>
            <span class="what"><b>${each.name}</b>
              <span class="kept muted">
                ${`${t('nImages', { n: number(each.documents) })}, ${t('until', { time: moment(each.until) })}`}
              </span></span>
            <button onClick=${() => revertOne(each)}>${t('bringBack')}</button>
          </li>`)}
      </ul>
    </${Dialog}>`;
}

/**
 * Delete a collection so that it can come back.
 * @param {string} name
 * @param {() => void} onDone
 */
async function removed(name, onDone) {
  const response = await send(`${collectionPath(name)}?revertible=true`, { method: 'DELETE' });
  const { change } = await response.json();
  return { text: t('collectionDeleted', { name }), undo: () => revert(name, change, onDone) };
}

/**
 * Bring a collection back, and return a sentence that says so.
 * @param {string} name
 * @param {string} change
 * @param {() => void} onDone
 */
async function revert(name, change, onDone) {
  await sendJson('POST', collectionPath(name, 'changes', change, 'revert'));
  onDone();
  return t('collectionIsBack', { name });
}
