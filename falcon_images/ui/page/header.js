// The head of the page: where one is, upload, token, language.

import { ImportProgress } from '../datasets/import-progress.js';
import { openImport } from '../datasets/imports.js';
import { Icon } from '../parts/icons.js';
import { go } from '../parts/state.js';
import { LANGUAGES, language, setLanguage, t } from '../parts/words.js';
import { setToken, token } from '../service/token.js';
import { UploadProgress } from '../upload/upload-progress.js';
import { openUploads } from '../upload/uploads.js';
import { html, useState } from '../vendor/preact-htm.js';
import { KeysDialog } from './keys.js';

/** @import { Service } from '../main.js' */
/** @import { View } from '../parts/state.js' */

/**
 * The head, on every page.
 * @param {{ shown: View, service: Service | null }} props
 */
export function Header({ shown, service }) {
  const [keys, setKeys] = useState(false);
  /** @param {Event} event */
  const home = (event) => {
    event.preventDefault();
    go({ collection: '', conditions: [], sort: '', image: '', own: {} });
  };
  return html`
    <header class="page-head" inert=${Boolean(shown.image)}>
      <a class="home" href="#/" onClick=${home} title=${t('allCollections')}>
        <img src="/ui/icon.svg" alt="" width="20" height="20" />
        <span>${t('images')}</span>
      </a>
      ${shown.collection && html`
        <span class="separator" aria-hidden="true">/</span>
        <h1 title=${shown.collection}>${shown.collection}</h1>`}
      <span class="space"></span>
      <${UploadProgress} />
      <${ImportProgress} />
      <button class="import" title=${t('importArchive')} aria-label=${t('importDots')} onClick=${() => openImport()}>
        <${Icon} name="archive" /><span>${t('importDots')}</span>
      </button>
      <button class="primary upload" title=${`${t('upload')} (U)`} aria-label=${t('upload')} onClick=${openUploads}>
        <${Icon} name="upload" /><span>${t('upload')}</span>
      </button>
      ${(service?.auth?.enabled || token.value) && html`<${TokenButton} />`}
      <select class="language" aria-label=${t('language')} value=${language.value}
        onChange=${(event) => setLanguage(event.target.value)}>
        ${Object.entries(LANGUAGES).map(([code, name]) => html`
          <option value=${code} key=${code} selected=${code === language.value}>${name}</option>`)}
      </select>
      <button class="icon" data-keys-help aria-label=${t('keys')} title=${`${t('keys')} (?)`}
        onClick=${() => setKeys(true)}><${Icon} name="help" /></button>
      ${keys && html`<${KeysDialog} onClose=${() => setKeys(false)} />`}
    </header>`;
}

function TokenButton() {
  if (!token.use()) return null;
  return html`
    <button class="icon" title=${t('forgetToken')} aria-label=${t('forgetToken')}
      onClick=${() => setToken('')}><${Icon} name="lock" /></button>`;
}
