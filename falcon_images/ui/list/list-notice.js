// What is shown where no images are: none yet, none that match, not yet, not at all.

import { Notice } from '../parts/notices.js';
import { go } from '../parts/state.js';
import { t } from '../parts/words.js';
import { errorTitle } from '../service/said.js';
import { openUploads } from '../upload/uploads.js';
import { html } from '../vendor/preact-htm.js';

/** @import { Condition } from '../parts/state.js' */
/** @import { Documents } from './documents.js' */

/**
 * A notice in place of the list, or a line above it.
 * @param {{ documents: Documents | null, conditions: Condition[], onRetry: () => void }} props
 */
export function ListNotice({ documents, conditions, onRetry }) {
  if (documents?.error) {
    return html`
      <${Notice} icon="broken" failed title=${errorTitle(documents.error)} text=${documents.error.message}>
        <button class="primary" onClick=${onRetry}>${t('tryAgain')}</button>
      </${Notice}>`;
  }
  if (!documents || documents.total === null) return html`<p class="loading" role="status">${t('loading')}</p>`;
  if (documents.total) {
    return documents.changed && html`
      <button class="pill" onClick=${onRetry}>${t('changedElsewhere')}</button>`;
  }
  if (conditions.length) {
    return html`
      <${Notice} icon="filter" title=${t('noMatch')} text=${t('noMatchHelp')}>
        <button class="primary" onClick=${() => go({ conditions: [] })}>${t('clearFilters')}</button>
      </${Notice}>`;
  }
  return html`
    <${Notice} icon="upload" title=${t('noImages')} text=${t('dropHelp')}>
      <button class="primary" onClick=${openUploads}>${t('upload')}</button>
    </${Notice}>`;
}
