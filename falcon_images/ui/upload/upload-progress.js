// How far all uploads are, in one bar.

import { number, t } from '../parts/words.js';
import { html } from '../vendor/preact-htm.js';
import { isUnfinished, openUploads, uploads } from './uploads.js';

/** @import { UploadItem } from './uploads.js' */

/** A bar for the head of the page, as long as something is sent and the panel is closed. */
export function UploadProgress() {
  const { open, items } = uploads.use();
  if (open || !items.some(isUnfinished)) return null;
  return html`
    <button class="upload-progress" onClick=${openUploads} title=${t('uploads')}>
      <${ProgressBar} items=${items} /><span>${uploadedText(items)}</span></button>`;
}

/**
 * How many bytes of all uploads have been sent.
 * @param {{ items: UploadItem[] }} props
 */
export function ProgressBar({ items }) {
  const total = items.reduce((all, { file }) => all + file.size, 0);
  const sent = items.reduce((all, item) => all + item.sent, 0);
  return html`<progress max=${total || 1} value=${sent} aria-label=${t('allUploads')}></progress>`;
}

/**
 * How many of all uploads are done, in words.
 * @param {UploadItem[]} items
 */
export function uploadedText(items) {
  const done = items.filter(({ state }) => state === 'done' || state === 'there').length;
  return t('uploadedOf', { n: number(done), total: number(items.length) });
}
