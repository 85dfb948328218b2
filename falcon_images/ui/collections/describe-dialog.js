// What people read about a collection: its title and its description.

import { collectionPath, sendJson } from '../parts/api.js';
import { Dialog } from '../parts/dialog.js';
import { toastError } from '../parts/toasts.js';
import { t } from '../parts/words.js';
import { html, useState } from '../vendor/preact-htm.js';

/** @import { CardOf } from './cards.js' */

/**
 * The dialog in which both are written.
 * @param {{ card: CardOf, onClose: () => void, onDone: () => void }} props
 */
export function DescribeDialog({ card, onClose, onDone }) {
  const [title, setTitle] = useState(card.title ?? '');
  const [description, setDescription] = useState(card.description ?? '');
  const [busy, setBusy] = useState(false);
  /** @param {Event} event */
  const save = async (event) => {
    event.preventDefault();
    setBusy(true);
    try {
      await sendJson('PATCH', collectionPath(card.name), { title, description });
      onDone();
      onClose();
    } catch (/** @type {any} */ error) {
      toastError(error);
      setBusy(false);
    }
  };
  return html`
    <${Dialog} title=${t('describe')} onClose=${onClose}>
      <form class="describe" onSubmit=${save}>
        <p class="muted">${t('describeHelp', { name: card.name })}</p>
        <label>${t('title')}
          <input autofocus maxlength="200" value=${title} placeholder=${card.name}
            onInput=${(event) => setTitle(event.target.value)} /></label>
        <label>${t('description')}
          <textarea rows="5" maxlength="10000" value=${description}
            onInput=${(event) => setDescription(event.target.value)}></textarea></label>
        <div class="buttons">
          <button type="button" onClick=${onClose}>${t('cancel')}</button>
          <button class="primary" disabled=${busy}>${t('save')}</button>
        </div>
      </form>
    </${Dialog}>`;
}
