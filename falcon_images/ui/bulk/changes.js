// What was changed lately, many images at once, and can be undone.

import { collectionPath, json } from '../parts/api.js';
import { Dialog } from '../parts/dialog.js';
import { toast, toastError } from '../parts/toasts.js';
import { moment, number, t } from '../parts/words.js';
import { html, useEffect, useState } from '../vendor/preact-htm.js';
import { undo } from './bulk-dialog.js';

const SHOWN = 50;

/** The dialog with the latest changes of a collection. */
export function ChangesDialog({ collection, onClose, onReverted }) {
  const [{ changes, error }, setFound] = useState({});
  const load = () => json(`${collectionPath(collection, 'changes')}?limit=${SHOWN}`)
    .then((found) => setFound({ changes: found }), (ex) => setFound({ error: ex }));
  useEffect(() => { load(); }, []);
  const revertOne = async (id) => {
    try {
      toast(await undo(collection, [id], onReverted));
    } catch (ex) {
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
            <span class="what">${t(change.kind === 'delete' ? 'deletedN' : 'relabelledN', { n: number(change.changed) })}
              ${change.patch && html`<code>${JSON.stringify(change.patch).slice(0, 200)}</code>`}</span>
            ${change.state === 'reverted'
              ? html`<span class="muted">${t('undone', { n: number(change.reverted) })}</span>`
              : html`<button onClick=${() => revertOne(change._id)}>${t('undo')}</button>`}
          </li>`)}
      </ul>
    </${Dialog}>`;
}
