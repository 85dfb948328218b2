// All collections: found, sorted, described and deleted.

import { Card } from '../collections/card.js';
import { CARD_ORDERS, chosenCards, loadCards, totals } from '../collections/cards.js';
import { DeleteDialog, DeletedDialog } from '../collections/deleting.js';
import { DescribeDialog } from '../collections/describe-dialog.js';
import { health } from '../parts/health.js';
import { Icon } from '../parts/icons.js';
import { Notice } from '../parts/notices.js';
import { goOwn, view } from '../parts/state.js';
import { bytes, number, t } from '../parts/words.js';
import { errorTitle } from '../service/said.js';
import { openUploads, uploads } from '../upload/uploads.js';
import { html, useEffect, useState } from '../vendor/preact-htm.js';

/** @import { Cards, CardOf } from '../collections/cards.js' */
/** @import { Service } from '../main.js' */

/** @typedef {{ kind: 'describe' | 'delete', card: CardOf } | { kind: 'deleted' }} Dialog the one that is open */

/**
 * The page of all collections.
 * @param {{ service: Service | null }} props
 */
export function CollectionsPage({ service }) {
  const { cards, error, reload } = useCards();
  const [dialog, setDialog] = useState(/** @type {Dialog | null} */ (null));
  const { find = '', by = CARD_ORDERS[0] } = view.use().own;
  const shown = cards && chosenCards(cards.collections, find, by);
  return html`
    <main id="main" class="collections">
      <${Head} cards=${cards} find=${find} by=${by} onDeleted=${() => setDialog({ kind: 'deleted' })} />
      ${error && html`<${Notice} icon="broken" failed title=${errorTitle(error)} text=${error.message} />`}
      ${!cards && !error && html`<p class="muted">${t('loading')}</p>`}
      ${cards?.collections.length === 0 && html`
        <${Notice} icon="upload" title=${t('noCollections')} text=${t('dropHelp')}>
          <button class="primary" onClick=${openUploads}>${t('upload')}</button>
        </${Notice}>`}
      ${shown?.length === 0 && find && html`<${Notice} title=${t('noCollectionFound')} />`}
      <ul class="cards">
        ${shown?.map((card) => html`
          <${Card} key=${card.name} card=${card} onDescribe=${() => setDialog({ kind: 'describe', card })}
            onDelete=${() => setDialog({ kind: 'delete', card })} />`)}
      </ul>
      <${Foot} service=${service} />
    </main>
    <${Dialogs} dialog=${dialog} onClose=${() => setDialog(null)} onDone=${reload} />`;
}

/** @param {{ cards?: Cards, find: string, by: string, onDeleted: () => void }} props */
function Head({ cards, find, by, onDeleted }) {
  return html`
    <div class="collections-head">
      <h1>${t('collections')} ${cards && html`<span class="count">${number(cards.collections.length)}</span>`}</h1>
      ${cards && html`<p class="muted">${sizes(cards)}</p>`}
      <span class="space"></span>
      <input type="search" class="find" aria-label=${t('findCollection')} placeholder=${t('findCollection')}
        value=${find} onInput=${(event) => goOwn({ find: event.target.value })} />
      <select aria-label=${t('order')} value=${by} onChange=${(event) => goOwn({ by: event.target.value })}>
        ${CARD_ORDERS.map((each) => html`
          <option key=${each} value=${each} selected=${each === by}>${t(`cardsBy_${each}`)}</option>`)}
      </select>
      <button onClick=${onDeleted}><${Icon} name="trash" />${t('deletedCollections')}</button>
    </div>`;
}

/** @param {Cards} cards */
function sizes(cards) {
  const { images, bytes: used } = totals(cards.collections);
  const parts = [t('nImages', { n: number(images) }), t('bytesUsed', { bytes: bytes(used) })];
  if (cards.bytes_free !== null) parts.push(t('bytesFree', { bytes: bytes(cards.bytes_free) }));
  return parts.join(' · ');
}

/** @param {{ service: Service | null }} props */
function Foot({ service }) {
  return html`
    <footer class="page-foot">
      <a href="/docs">${t('apiDocs')}</a>
      <a href="/health/ready">${t('serviceHealth')}</a>
      <a href="/metrics">${t('metrics')}</a>
      ${service?.version && html`<span class="muted">${t('version', { version: service.version })}</span>`}
    </footer>`;
}

/** @param {{ dialog: Dialog | null, onClose: () => void, onDone: () => void }} props */
function Dialogs({ dialog, onClose, onDone }) {
  if (dialog?.kind === 'deleted') return html`<${DeletedDialog} onClose=${onClose} onDone=${onDone} />`;
  if (dialog?.kind === 'delete') return html`<${DeleteDialog} card=${dialog.card} onClose=${onClose} onDone=${onDone} />`;
  if (dialog) return html`<${DescribeDialog} card=${dialog.card} onClose=${onClose} onDone=${onDone} />`;
  return null;
}

/** The cards, asked for again after uploads, when the service is back, and by `reload`. */
function useCards() {
  const [found, setFound] = useState(/** @type {{ cards?: Cards, error?: Error }} */ ({}));
  const [asked, setAsked] = useState(0);
  const { backAt } = health.use();
  const { finished } = uploads.use();
  useEffect(() => {
    const controller = new AbortController();
    loadCards(controller.signal)
      .then((cards) => setFound({ cards }))
      .catch((error) => error.name === 'AbortError' || setFound({ error }));
    return () => controller.abort();
  }, [asked, backAt, finished]);
  return { ...found, reload: () => setAsked((times) => times + 1) };
}
