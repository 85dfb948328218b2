// How far an import is, while its dialog is closed.

import { t } from '../parts/words.js';
import { html } from '../vendor/preact-htm.js';
import { importing, isUnderWay, openImport } from './imports.js';

/** A bar for the head of the page, as long as an archive is sent or worked on. */
export function ImportProgress() {
  const { open, phase } = importing.use();
  if (open || !isUnderWay()) return null;
  return html`
    <button class="upload-progress" onClick=${() => openImport()} title=${t('importArchive')}>
      <${ArchiveBar} /><span>${t(phase === 'working' ? 'importWorking' : 'importSending')}</span></button>`;
}

/** How much of the archive is sent; how far the service is then, it does not say. */
export function ArchiveBar() {
  const { file, phase, sent } = importing.use();
  return html`<progress max=${file?.size || 1} value=${phase === 'working' ? undefined : sent}
    aria-label=${t('importArchive')}></progress>`;
}
