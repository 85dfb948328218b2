// An archive into a collection: looked at first, then imported, and undone.

import { undo } from '../bulk/bulk-dialog.js';
import { json } from '../parts/api.js';
import { Dialog } from '../parts/dialog.js';
import { go } from '../parts/state.js';
import { toast, toastError, toastUndo } from '../parts/toasts.js';
import { typedValue } from '../parts/values.js';
import { bytes, number, t } from '../parts/words.js';
import { noteFinished } from '../upload/uploads.js';
import { html, useEffect, useRef, useState } from '../vendor/preact-htm.js';
import { ArchiveBar } from './import-progress.js';
import { ImportReport } from './import-report.js';
import {
  closeImport, forgetTrial, importing, isUnderWay, noteUndone, sendArchive, stopImport,
} from './imports.js';
import { takeChosen, takesTables } from './taken-files.js';

/** @import { Ref, TemplateEvent } from '../vendor/preact-htm.js' */
/** @import { Choice, Report } from './imports.js' */

const ARCHIVES = '.zip,.tar,.tgz,.gz,application/zip';
const TABLES = '.csv,.tsv,.xlsx';
/** @type {Set<string>} the changes that were undone here */
const taken = new Set();

/** @typedef {{ collection: string, labelBy: string, property: string, value: string }} Fields */

/**
 * The dialog of imports, when it is open.
 * @param {{ collection: string }} props
 */
export function ImportDialog({ collection }) {
  const { open } = importing.use();
  // What was written stays while the dialog is closed during an import.
  const [fields, setFields] = useState(/** @type {Fields} */ ({ collection, labelBy: '', property: '', value: '' }));
  useEffect(() => { if (!isUnderWay()) setFields({ ...fields, collection }); }, [collection]);
  return open && html`
    <${Dialog} title=${t('importArchive')} onClose=${closeImport}>
      <${ImportForm} fields=${fields} shown=${collection} onChange=${setFields} />
    </${Dialog}>`;
}

/** @param {{ fields: Fields, shown: string, onChange: (fields: Fields) => void }} props */
function ImportForm({ fields, shown, onChange }) {
  const { file, phase } = importing.use();
  const { collection, labelBy, property, value } = fields;
  const busy = isUnderWay();
  const names = useCollectionNames();
  const tables = useTakesTables();
  const change = (/** @type {Partial<Fields>} */ part) => { forgetTrial(); onChange({ ...fields, ...part }); };
  /** @type {Choice} */
  const choice = {
    collection: collection.trim(), labelBy: labelBy.trim(),
    properties: property.trim() ? { [property.trim()]: typedValue(value) } : {},
  };
  /** @param {Event} event */
  const submit = (event) => {
    event.preventDefault();
    if (file && phase !== 'done') start(choice, phase !== 'tried', shown);
  };
  return html`
    <form class="import-form" onSubmit=${submit}>
      <div class="row"><${ArchiveButton} disabled=${busy} accept=${tables ? `${ARCHIVES},${TABLES}` : ARCHIVES} />
        <span class=${file ? 'name' : 'muted'} title=${file?.name}>${file ? file.name : t('orDropIt')}</span>
        ${file && html`<span class="muted size">${bytes(file.size)}</span>`}</div>
      <label class="row">${t('intoCollection')}
        <input value=${collection} required maxlength="140" list="import-collections" disabled=${busy}
          onInput=${(event) => change({ collection: event.target.value })} /></label>
      <datalist id="import-collections">${names.map((name) => html`<option value=${name} />`)}</datalist>
      <details open=${Boolean(labelBy || property)}>
        <summary>${t('importPlain')}</summary>
        <div class="class-choice">
          <label class="row">${t('folderAs')}<input value=${labelBy} placeholder="label" disabled=${busy}
            onInput=${(event) => change({ labelBy: event.target.value })} /></label>
          <label class="row">${t('property')}<input value=${property} placeholder="line" disabled=${busy}
            onInput=${(event) => change({ property: event.target.value })} /></label>
          <label class="row">${t('value')}<input value=${value} placeholder="3" disabled=${busy}
            onInput=${(event) => change({ value: event.target.value })} /></label>
          <p class="muted">${t('importPlainHelp')}</p>
        </div>
      </details>
      ${tables && !file && html`<p class="muted">${t('tableChoose')}</p>`}
      <${State} />
      <${Buttons} choice=${choice} shown=${shown} />
    </form>`;
}

/** How far it is, or what came of it. */
function State() {
  const { file, phase, isTrial, isStopped, why, report } = importing.use();
  if (report) return html`<${ImportReport} report=${report} isTrial=${isTrial} />`;
  if (phase === 'failed') return html`<p class="failed" role="alert">${why || t('importBroken')}</p>`;
  if (phase === 'chosen') {
    const key = isStopped && !isTrial ? 'importStopped' : file ? 'importHelp' : 'importChoose';
    return html`<p class="muted" role="status">${t(key)}</p>`;
  }
  const words = phase === 'working' ? (isTrial ? 'importTrying' : 'importWorking') : 'importSending';
  return html`
    <div class="import-state" role="status"><span>${t(words)}</span><${ArchiveBar} />
      <p class="muted">${t(isTrial ? 'nothingStored' : 'importKeepOpen')}</p></div>`;
}

/** @param {{ choice: Choice, shown: string }} props */
function Buttons({ choice, shown }) {
  const { file, phase, report, isTrial, isUndone } = importing.use();
  if (isUnderWay()) {
    return html`<div class="buttons"><button type="button" onClick=${stopImport}>${t('stop')}</button></div>`;
  }
  if (phase === 'done') {
    const change = report?.change;
    return html`
      <div class="buttons">
        ${change && !isUndone && html`
          <button type="button" onClick=${() => undoImport(report.collection, change)}>${t('undo')}</button>`}
        <button type="button" class="primary" autofocus onClick=${closeImport}>${t('close')}</button></div>`;
  }
  const coming = (report?.imported ?? 0) + (report?.updated ?? 0);
  return html`
    <div class="buttons">
      ${(phase !== 'tried') && html`
        <button type="button" class="first" disabled=${!file || !choice.collection}
          onClick=${() => start(choice, false, shown)}>${t(phase === 'failed' && !isTrial ? 'retry' : 'importAtOnce')}</button>`}
      <button type="button" onClick=${closeImport}>${t('cancel')}</button>
      <button class="primary" disabled=${!file || (phase === 'tried' && !coming)}>
        ${phase === 'tried' ? t('importN', { n: number(coming) }) : t('importTry')}</button></div>`;
}

/** @param {{ disabled: boolean, accept: string }} props */
function ArchiveButton({ disabled, accept }) {
  /** @type {Ref<HTMLInputElement>} */
  const input = useRef();
  /** @param {TemplateEvent} event */
  const take = (event) => {
    const [file] = event.target.files ?? [];
    if (file) takeChosen(file);
    event.target.value = '';
  };
  return html`
    <button type="button" autofocus disabled=${disabled} onClick=${() => input.current.click()}>${t('chooseArchive')}</button>
    <input ref=${input} type="file" class="hidden-file" tabindex="-1" aria-label=${t('chooseArchive')}
      accept=${accept} onChange=${take} />`;
}

/**
 * @param {Choice} choice
 * @param {boolean} isTrial
 * @param {string} shown the collection that the page shows
 */
async function start(choice, isTrial, shown) {
  const report = await sendArchive(choice, isTrial);
  if (!report) {
    if (!importing.value.open && importing.value.phase === 'failed') toast(importing.value.why || t('importBroken'), { failed: true });
    return;
  }
  if (choice.collection !== shown && importing.value.open) {
    go({ collection: choice.collection, conditions: [], sort: '', image: '', own: {} });
  }
  announce(choice.collection, report);
}

/**
 * @param {string} collection
 * @param {Report} report
 */
function announce(collection, { imported, updated, change }) {
  const text = t('importedN', { n: number(imported + updated) });
  if (change) toastUndo({ text, undo: () => undone(collection, change) });
  else if (!importing.value.open) toast(text);
}

/**
 * @param {string} collection
 * @param {string} change
 */
async function undoImport(collection, change) {
  try {
    toast(await undone(collection, change));
  } catch (/** @type {any} */ error) {
    toastError(error);
  }
}

/**
 * @param {string} collection
 * @param {string} change
 */
async function undone(collection, change) {
  // There are two ways to undo it, and the other one may have been taken.
  if (taken.has(change)) return t('nothingToUndo');
  const text = await undo(collection, [change], noteFinished);
  taken.add(change);
  noteUndone(change);
  return text;
}

function useTakesTables() {
  const [takes, setTakes] = useState(false);
  useEffect(() => { takesTables().then(setTakes, () => {}); }, []);
  return takes;
}

function useCollectionNames() {
  const [names, setNames] = useState(/** @type {string[]} */ ([]));
  useEffect(() => { json('/collections').then(setNames, () => {}); }, []);
  return names;
}
