// The panel of uploads, and the whole page as a place to drop files on.

import { takeDropped } from '../datasets/taken-files.js';
import { json } from '../parts/api.js';
import { Icon } from '../parts/icons.js';
import { go } from '../parts/state.js';
import { toastError } from '../parts/toasts.js';
import { typedValue } from '../parts/values.js';
import { Watched } from '../parts/watched.js';
import { bytes, number, t } from '../parts/words.js';
import { html, useEffect, useRef, useState } from '../vendor/preact-htm.js';
import { chosenFiles, droppedFiles } from './dropped.js';
import { LostList } from './lost-list.js';
import { ProgressBar, uploadedText } from './upload-progress.js';
import {
  addFiles, cancelWaiting, closeUploads, forgetFinished, isUnfinished, openUploads, retry, uploads,
} from './uploads.js';

/** @import { Ref, TemplateEvent } from '../vendor/preact-htm.js' */
/** @import { Found } from './dropped.js' */
/** @import { UploadItem } from './uploads.js' */

const SHOWN_ITEMS = 60;
const ORDER = ['sending', 'failed', 'refused', 'waiting', 'there', 'done'];

// Files that were dropped before it was said which collection they are for.
const dropped = new Watched(/** @type {Found[]} */ ([]));

/** Takes files that are dropped anywhere on the page. */
export function DropZone() {
  const [over, setOver] = useState(false);
  useEffect(() => {
    /** @param {DragEvent} event */
    const isFiles = (event) => [...event.dataTransfer?.types ?? []].includes('Files');
    /** @param {DragEvent} event */
    const drag = (event) => { if (isFiles(event)) { event.preventDefault(); setOver(true); } };
    /** @param {DragEvent} event */
    const leave = (event) => { if (!event.relatedTarget) setOver(false); };
    /** @param {DragEvent} event */
    const drop = (event) => {
      if (!event.dataTransfer || !isFiles(event)) return;
      event.preventDefault();
      setOver(false);
      droppedFiles(event.dataTransfer).then(async (found) => {
        if (await takeDropped(found)) return;
        dropped.value = [...dropped.value, ...found];
        openUploads();
      }, toastError);
    };
    /** @type {Record<string, (event: any) => void>} */
    const heard = { dragenter: drag, dragover: drag, dragleave: leave, drop };
    for (const [name, listener] of Object.entries(heard)) addEventListener(name, listener);
    return () => {
      for (const [name, listener] of Object.entries(heard)) removeEventListener(name, listener);
    };
  }, []);
  return over && html`
    <div class="drop-zone"><${Icon} name="upload" /><strong>${t('dropHere')}</strong></div>`;
}

/**
 * The panel of uploads: what is to be sent, what is on its way, what became of it.
 * @param {{ collection: string }} props
 */
export function UploadPanel({ collection }) {
  const { open, items } = uploads.use();
  if (!open) return null;
  const failed = items.filter(({ state }) => state === 'failed').length;
  const left = items.some(isUnfinished);
  return html`
    <section class="upload-panel" aria-label=${t('uploads')}
      onKeyDown=${(event) => event.key === 'Escape' && closeUploads()}>
      <header>
        <h2>${t('uploads')}</h2>
        <button class="icon" aria-label=${t('close')} onClick=${closeUploads}><${Icon} name="close" /></button>
      </header>
      <${LostList} />
      <${Choice} key=${collection} collection=${collection} />
      ${items.length > 0 && html`
        <${Overall} items=${items} />
        <ul class="upload-items">
          ${shownItems(items).map((item) => html`<${Item} key=${item.id} item=${item} ...${item} />`)}
        </ul>
        ${items.length > SHOWN_ITEMS && html`
          <p class="muted">${t('andMore', { n: number(items.length - SHOWN_ITEMS) })}</p>`}
        <div class="buttons">
          ${left && html`<button onClick=${cancelWaiting}>${t('stop')}</button>`}
          ${failed > 0 && html`<button class="primary" onClick=${() => retry()}>
            ${t('retryAll', { n: number(failed) })}</button>`}
          ${!left && html`<button onClick=${forgetFinished}>${t('clearList')}</button>`}
        </div>`}
    </section>`;
}

/** @param {UploadItem[]} items */
function shownItems(items) {
  return ORDER.flatMap((state) => items.filter((item) => item.state === state)).slice(0, SHOWN_ITEMS);
}

/** @param {{ collection: string }} props */
function Choice({ collection }) {
  const found = dropped.use();
  const [into, setInto] = useState(collection);
  const [property, setProperty] = useState('');
  const [value, setValue] = useState('');
  const [folderProperty, setFolderProperty] = useState('');
  const [dedupe, setDedupe] = useState(true);
  const names = useCollectionNames();
  /** @param {Event} event */
  const start = (event) => {
    event.preventDefault();
    const properties = property.trim() ? { [property.trim()]: typedValue(value) } : {};
    addFiles(found, { collection: into.trim(), properties, folderProperty: folderProperty.trim(), dedupe });
    dropped.value = [];
    if (into.trim() !== collection) {
      go({ collection: into.trim(), conditions: [], sort: '', image: '', own: {} });
    }
  };
  return html`
    <form class="upload-choice" onSubmit=${start}>
      <div class="row">
        <${FileButton} text=${t('chooseFiles')} />
        <${FileButton} text=${t('chooseFolder')} folder />
        <span class="muted">${t('orDrop')}</span>
      </div>
      <label class="row">${t('intoCollection')}
        <input value=${into} required maxlength="140" list="collection-names"
          onInput=${(event) => setInto(event.target.value)} /></label>
      <datalist id="collection-names">${names.map((name) => html`<option value=${name} />`)}</datalist>
      <div class="row">
        <label>${t('property')}<input value=${property} placeholder="label"
          onInput=${(event) => setProperty(event.target.value)} /></label>
        <label>${t('value')}<input value=${value} placeholder="OK"
          onInput=${(event) => setValue(event.target.value)} /></label>
      </div>
      ${found.some(({ folder }) => folder) && html`
        <label class="row">${t('folderAs')}
          <input value=${folderProperty} placeholder="label"
            onInput=${(event) => setFolderProperty(event.target.value)} /></label>`}
      <label class="row check-row"><input type="checkbox" checked=${dedupe}
        onChange=${(event) => setDedupe(event.target.checked)} />${t('skipSame')}</label>
      <button class="primary" disabled=${!found.length}>
        ${found.length ? t('uploadN', { n: number(found.length), size: bytes(sum(found)) }) : t('nothingChosen')}
      </button>
    </form>`;
}

/** @param {Found[]} found */
function sum(found) {
  return found.reduce((total, { file }) => total + file.size, 0);
}

/** @param {{ text: string, folder?: boolean }} props */
function FileButton({ text, folder = false }) {
  /** @type {Ref<HTMLInputElement>} */
  const input = useRef();
  /** @param {TemplateEvent} event */
  const take = (event) => {
    dropped.value = [...dropped.value, ...chosenFiles(event.target.files ?? [])];
    event.target.value = '';
  };
  useEffect(() => { input.current.webkitdirectory = folder; }, []);
  return html`
    <button type="button" onClick=${() => input.current.click()}>${text}</button>
    <input ref=${input} type="file" class="hidden-file" multiple tabindex="-1" aria-label=${text}
      accept=${folder ? undefined : 'image/*,.tif,.tiff,.jp2,.pgm,.ppm,.bmp'} onChange=${take} />`;
}

function useCollectionNames() {
  const [names, setNames] = useState(/** @type {string[]} */ ([]));
  useEffect(() => { json('/collections').then(setNames, () => {}); }, []);
  return names;
}

/** @param {{ items: UploadItem[] }} props */
function Overall({ items }) {
  const wrong = items.filter(({ state }) => state === 'failed' || state === 'refused').length;
  return html`
    <div class="overall" role="status">
      <span>${uploadedText(items)}
        ${wrong > 0 && html` · <span class="failed">${t('notUploaded', { n: number(wrong) })}</span>`}</span>
      <${ProgressBar} items=${items} />
    </div>`;
}

/** @param {{ item: UploadItem } & UploadItem} props */
function Item({ item, file, state, sent, why }) {
  return html`
    <li class=${`upload-item ${state}`}>
      <span class="name" title=${file.name}>${file.name}</span>
      <span class="muted">${state === 'sending' ? bytes(file.size) : t(`upload_${state}`)}</span>
      ${state === 'sending' && html`
        <progress max=${file.size || 1} value=${sent} aria-label=${file.name}></progress>`}
      ${why && state !== 'done' && html`<span class="why">${why}</span>`}
      ${state === 'failed' && html`<button class="small" onClick=${() => retry(item)}>${t('retry')}</button>`}
    </li>`;
}
