// The page put together: the head, the collections or one of them, and what lies above.

import { ImportDialog } from './datasets/import-dialog.js';
import { RelabelDialog } from './datasets/relabel-dialog.js';
import { CollectionPage } from './page/collection.js';
import { CollectionsPage } from './page/collections.js';
import { Header } from './page/header.js';
import { json } from './parts/api.js';
import { Guarded } from './parts/guarded.js';
import { AwayNotice, LoginNotice, TokenPanel } from './parts/notices.js';
import { view } from './parts/state.js';
import { Toasts } from './parts/toasts.js';
import { language, t } from './parts/words.js';
import { access, token } from './service/token.js';
import { DropZone, UploadPanel } from './upload/upload-panel.js';
import { html, render, useEffect, useState } from './vendor/preact-htm.js';

/** @typedef {{ auth?: { enabled: boolean, login_url?: string }, version?: string }} Service what `GET /` says */

function App() {
  const shown = view.use();
  const lang = language.use();
  const usedToken = token.use();
  const state = access.use();
  const service = useService();
  useEffect(() => {
    document.documentElement.lang = lang;
    document.title = shown.collection ? `${shown.collection} – ${t('images')}` : t('images');
  }, [lang, shown.collection]);
  const page = shown.collection
    ? html`<${CollectionPage} key=${`${shown.collection} ${usedToken}`} shown=${shown} />`
    : html`<${CollectionsPage} key=${usedToken} service=${service} />`;
  return html`
    <a class="skip-link" href="#main" onClick=${skip}>${t('skipToImages')}</a>
    <${Guarded} on=${shown}><${Header} shown=${shown} service=${service} /></${Guarded}>
    ${(!shown.image || state !== 'open') && html`<${Guarded} on=${state}><${AwayNotice} /></${Guarded}>`}
    <${Guarded} on=${state}><${LoginNotice} auth=${service?.auth} /></${Guarded}>
    ${state === 'open' ? html`<${Guarded} on=${shown}>${page}</${Guarded}>` : html`<${Guarded} on=${state}><${TokenPanel} state=${state} loginUrl=${service?.auth?.login_url} /></${Guarded}>`}
    <${Guarded} on=${shown.collection}><${UploadPanel} collection=${shown.collection} /></${Guarded}>
    <${Guarded} on=${shown.collection}><${ImportDialog} collection=${shown.collection} /></${Guarded}>
    <${Guarded} on=${shown.collection}><${RelabelDialog} collection=${shown.collection} /></${Guarded}>
    <${Guarded} on=${shown.collection}><${DropZone} collection=${shown.collection} /></${Guarded}>
    <${Guarded} on=${shown}><${Toasts} /></${Guarded}>`;
}

/** @param {Event} event */
function skip(event) {
  event.preventDefault();
  /** @type {HTMLElement | null} */
  const first = document.querySelector('.list') ?? document.querySelector('main a, main button');
  first?.focus();
}

function useService() {
  const [service, setService] = useState(/** @type {Service | null} */ (null));
  useEffect(() => { json('/').then(setService).catch(() => {}); }, []);
  return service;
}

// Whatever is not caught closer to where it happens.
render(html`<${Guarded} on="page"><${App} /></${Guarded}>`, /** @type {HTMLElement} */ (document.getElementById('page')));
