// What was changed lately, in many images or in one, and can be undone.

import { collectionPath, json } from '../parts/api.js';
import { Dialog } from '../parts/dialog.js';
import { lookUp } from '../parts/look-up.js';
import { toast, toastError } from '../parts/toasts.js';
import { jsonText } from '../parts/values.js';
import { moment, number, t } from '../parts/words.js';
import { html, useEffect, useState } from '../vendor/preact-htm.js';
import { undo } from './bulk-dialog.js';

const SHOWN = 50;
/** @type {Record<string, string>} */
const KINDS = { delete: 'deletedN', import: 'importedN' };

/**
 * @typedef {object} Change what `GET /collections/C/changes` has of one
 * @property {string} _id
 * @property {string} time
 * @property {string} kind
 * @property {string} state
 * @property {number} changed
 * @property {number} reverted
 * @property {object} [patch]
 * @property {{ file: string, columns: string[] }} [relabel] the table that changed the images
 * @property {{ properties: string[] }} [edits] what was set in images one by one
 * @property {string} [by] the name of who made it
 */

/**
 * What was set, or the name of the table that said it.
 * @param {Change} change
 */
function what({ relabel, edits, patch }) {
  if (relabel) return relabel.file;
  return edits ? edits.properties.join(', ') : patch && jsonText(patch).slice(0, 200);
}

/**
 * The dialog with the latest changes of a collection.
 * @param {{ collection: string, onClose: () => void, onReverted: () => void }} props
 */
export function ChangesDialog({ collection, onClose, onReverted }) {
  const [{ changes, error }, setFound] = useState(/** @type {{ changes?: Change[], error?: Error }} */ ({}));
  const load = () => json(`${collectionPath(collection, 'changes')}?limit=${SHOWN}`)
    .then((found) => setFound({ changes: found }), (ex) => setFound({ error: ex }));
  useEffect(() => { load(); }, []);
  /** @param {string} id */
  const revertOne = async (id) => {
    try {
      toast(await undo(collection, [id], onReverted));
    } catch (/** @type {any} */ ex) {
      toastError(ex);
    }
    load();
  };
  return html`
    <${Dialog} title=${t('changes')} onClose=${onClose} wide>
      ${error && html`<p class="failed">${error.message}</p>`}
      ${changes?.length === 0 && html`<p class="muted">${t('noChanges')}</p>`}
      <ul class="changes">
        ${changes?.map((change) => html`
          <li key=${change._id}>
            <time>${moment(change.time)}</time>
            <span class="what">${t(lookUp(KINDS, change.kind) ?? 'relabelledN', { n: number(change.changed) })}
              ${what(change) && html`<code>${what(change)}</code>`}
              ${change.by && html` <span class="muted">${t('changedBy', { name: change.by })}</span>`}</span>
            ${change.state === 'reverted'
              ? html`<span class="muted">${t('undone', { n: number(change.reverted) })}</span>`
              : html`<button onClick=${() => revertOne(change._id)}>${t('undo')}</button>`}
          </li>`)}
      </ul>
    </${Dialog}>`;
}
