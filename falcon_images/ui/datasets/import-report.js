// What came of an import, or would come: how many images, and what is left out and why.

import { number, t } from '../parts/words.js';
import { html } from '../vendor/preact-htm.js';
import { importing } from './imports.js';

/** @import { Report } from './imports.js' */

const SHOWN = 100;

/**
 * The report of an import.
 * @param {{ report: Report, isTrial: boolean }} props
 */
export function ImportReport({ report, isTrial }) {
  const { skipped } = report;
  const { isUndone } = importing.use();
  const count = report.skipped_count ?? skipped.length;
  return html`
    <div class="import-report">
      <p class="matched" role="status">${t(isUndone ? 'importUndone' : isTrial ? 'importWould' : 'importDone')}</p>
      <dl class="counts">
        <${Count} n=${report.imported} word="importNew" />
        <${Count} n=${report.updated} word="importUpdated" />
        ${report.unchanged !== undefined && html`<${Count} n=${report.unchanged} word="importUnchanged" />`}
        <${Count} n=${count} word="importSkipped" failed=${count > 0} />
      </dl>
      ${skipped.length > 0 && html`
        <ul class="skipped" tabindex="0" aria-label=${t('importSkipped')}>
          ${skipped.slice(0, SHOWN).map(({ _id, name, reason }, index) => html`
            <li key=${index}><span class="name" title=${_id}>${name ?? _id}</span>
              <span class="muted">${reason}</span></li>`)}
          ${count > Math.min(SHOWN, skipped.length) && html`
            <li class="muted">${t('andMore', { n: number(count - Math.min(SHOWN, skipped.length)) })}</li>`}
        </ul>`}
    </div>`;
}

/**
 * A number of a report, with its words.
 * @param {{ n: number, word: string, failed?: boolean }} props
 */
export function Count({ n, word, failed = false }) {
  return html`<div class=${failed ? 'failed' : ''}><dt>${t(word)}</dt><dd>${number(n)}</dd></div>`;
}
