// The differences that a table makes, row by row, before and after they are made.

import { undo } from '../bulk/bulk-dialog.js';
import { Dialog } from '../parts/dialog.js';
import { toast, toastUndo } from '../parts/toasts.js';
import { jsonText, valueText } from '../parts/values.js';
import { number, t } from '../parts/words.js';
import { noteFinished } from '../upload/uploads.js';
import { html, useEffect, useState } from '../vendor/preact-htm.js';
import { Count } from './import-report.js';
import { compareTable, isOtherNumber, relabelByTable, table } from './relabels.js';

/** @import { Difference, TableReport } from './relabels.js' */

const SHOWN = 100;

/** @typedef {{ report?: TableReport, error?: string }} Compared */

/**
 * The dialog for a table that was chosen, for the images of the collection that is shown.
 * @param {{ collection: string }} props
 */
export function RelabelDialog({ collection }) {
  const file = table.use();
  if (!file || !collection) return null;
  return html`
    <${Dialog} title=${t('relabelByTable')} onClose=${close} wide>
      <${Table} key=${`${file.name} ${file.lastModified}`} collection=${collection} file=${file} />
    </${Dialog}>`;
}

function close() {
  table.value = null;
}

/** @param {{ collection: string, file: File }} props */
function Table({ collection, file }) {
  const [isExact, setExact] = useState(false);
  const [asked, setAsked] = useState(0);
  const [busy, setBusy] = useState(false);
  const { report, error } = useCompared(collection, file, isExact, asked);
  const unknown = report?.unknown_count ?? 0;
  /** @param {Event} event */
  const submit = async (event) => {
    event.preventDefault();
    setBusy(true);
    try {
      announce(collection, await relabelByTable(collection, file, isExact, report?.matched ?? 0));
      close();
    } catch (/** @type {any} */ ex) {
      setBusy(false);
      toast(isOtherNumber(ex) ? t('otherNumber') : ex.message || t('noAnswer'), { failed: true });
      setAsked(asked + 1);
    }
  };
  return html`
    <form onSubmit=${submit}>
      <p class="name" title=${file.name}>${t('tableOf', { name: file.name, collection })}</p>
      ${error !== undefined && html`<p class="failed" role="alert">${error}</p>`}
      ${!report && error === undefined && html`<p class="muted" role="status">${t('tableTrying')}</p>`}
      ${report && html`<${Found} report=${report} />`}
      ${report && (report.warning_count > 0 || isExact) && html`
        <label class="check-row"><input type="checkbox" checked=${isExact}
          onChange=${(event) => setExact(event.target.checked)} />${t('tableExact')}</label>`}
      <div class="buttons">
        <button type="button" onClick=${close}>${t('cancel')}</button>
        <button class="primary" disabled=${busy || !report?.matched || unknown > 0}>
          ${t('relabelN', { n: number(report?.matched ?? 0) })}</button>
      </div>
    </form>`;
}

/** @param {{ report: TableReport }} props */
function Found({ report }) {
  const { matched, unchanged, conflict_count, warning_count, unknown_count = 0, differences = [] } = report;
  return html`
    <div role="status"><dl class="counts">
      <${Count} n=${matched} word="tableChanges" />
      <${Count} n=${unchanged} word="tableUnchanged" />
      <${Count} n=${conflict_count} word="tableConflicts" failed=${conflict_count > 0} />
      <${Count} n=${warning_count} word="tableWarnings" failed=${warning_count > 0} />
      <${Count} n=${unknown_count} word="tableUnknown" failed=${unknown_count > 0} />
    </dl></div>
    ${unknown_count > 0 && html`
      <p class="failed">${t('tableUnknownHelp', { rows: report.unknown?.slice(0, 5).map(({ row }) => row).join(', ') })}</p>`}
    ${conflict_count > 0 && html`<p class="muted">${t('tableConflictsHelp')}</p>`}
    ${differences.length > 0 && html`
      <h3>${t('tableChanges')}</h3>
      <ul class="skipped cells" tabindex="0" aria-label=${t('tableChanges')}>
        ${differences.slice(0, SHOWN).map((each) => html`<${Row} key=${each.row} difference=${each} />`)}
        ${matched > Math.min(SHOWN, differences.length) && html`
          <li class="muted">${t('andMore', { n: number(matched - Math.min(SHOWN, differences.length)) })}</li>`}
      </ul>`}
    ${warning_count > 0 && html`
      <h3>${t('tableWarnings')}</h3>
      <ul class="skipped cells" tabindex="0" aria-label=${t('tableWarnings')}>
        ${report.warnings.slice(0, SHOWN).map(({ row, column, before, cell, reason }, index) => html`
          <li key=${index}><span class="muted">${t('tableRow', { row: number(row) })}</span>
            <${Cell} name=${column} before=${before} after=${cell} /><span class="muted">${reason}</span></li>`)}
      </ul>`}`;
}

/** @param {{ difference: Difference }} props */
function Row({ difference: { row, changes } }) {
  return html`
    <li><span class="muted">${t('tableRow', { row: number(row) })}</span>
      ${Object.entries(changes).map(([name, { before, after }]) => html`
        <${Cell} key=${name} name=${name} before=${before} after=${after} />`)}</li>`;
}

/** @param {{ name: string, before?: any, after?: any }} props */
function Cell({ name, before, after }) {
  return html`<span>${name}: <del>${shown(before)}</del> → <ins>${shown(after)}</ins></span>`;
}

/** @param {unknown} value */
function shown(value) {
  // The type is seen too: 00123 as text is not the number 123.
  return value === undefined ? '∅' : typeof value === 'string' ? jsonText(value) : valueText(value);
}

/**
 * @param {string} collection
 * @param {TableReport} report
 */
function announce(collection, { changed = 0, change }) {
  noteFinished();
  const text = t('relabelledN', { n: number(changed) });
  if (change) toastUndo({ text, undo: () => undo(collection, [change], noteFinished) });
  else toast(text);
}

/**
 * @param {string} collection
 * @param {File} file
 * @param {boolean} isExact
 * @param {number} asked
 */
function useCompared(collection, file, isExact, asked) {
  const [compared, setCompared] = useState(/** @type {Compared} */ ({}));
  useEffect(() => {
    let here = true;
    setCompared({});
    compareTable(collection, file, isExact).then(
      (report) => here && setCompared({ report }),
      (error) => here && setCompared({ error: error.message || t('noAnswer') }));
    return () => { here = false; };
  }, [file, isExact, asked]);
  return compared;
}
