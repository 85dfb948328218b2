// One image, as large as the page: looked at, labelled, and its properties changed.

import { BulkDialog } from '../bulk/bulk-dialog.js';
import { SnippetDialog } from '../filters/snippets.js';
import { LabelBar } from '../labels/label-keys.js';
import { labelNumber } from '../labels/pressed.js';
import { isWriting, showHelp } from '../page/keys.js';
import { collectionPath } from '../parts/api.js';
import { Guarded } from '../parts/guarded.js';
import { Icon } from '../parts/icons.js';
import { lookUp } from '../parts/look-up.js';
import { Notice } from '../parts/notices.js';
import { go } from '../parts/state.js';
import { toastError, undoLast } from '../parts/toasts.js';
import { valueAt } from '../parts/values.js';
import { number, t } from '../parts/words.js';
import { downloadImage } from '../pictures/download.js';
import { preloadPicture } from '../pictures/full-picture.js';
import { errorTitle } from '../service/said.js';
import { html, useEffect, useLayoutEffect, useRef, useState } from '../vendor/preact-htm.js';
import { mayLeave } from './drafts.js';
import { useInTurn } from './in-turn.js';
import { useImage, useNeighbors } from './neighbors.js';
import { Properties } from './properties.js';
import { Stage } from './stage.js';

/** @import { Snippet } from '../filters/snippets.js' */
/** @import { Documents } from '../list/documents.js' */
/** @import { Actions } from '../page/collection.js' */
/** @import { Chosen, Loaded, Marks } from '../page/use-collection.js' */
/** @import { IconName } from '../parts/icons.js' */
/** @import { View } from '../parts/state.js' */
/** @import { ImageDocument } from '../parts/values.js' */
/** @import { Ref, VNode } from '../vendor/preact-htm.js' */
/** @import { Changed, Neighbors, OpenImage } from './neighbors.js' */
/** @import { Controls } from './stage.js' */

/**
 * @typedef {object} ViewerProps
 * @property {View} shown its `image` is the id of the one that is open
 * @property {Loaded} loaded
 * @property {Chosen} chosen
 * @property {Marks} marks
 * @property {Actions} actions those of the page below
 * @property {boolean} keysOn
 */
/** @typedef {Record<string, (...given: any[]) => unknown>} ViewerActions */
/** @typedef {{ image: OpenImage, neighbors: Neighbors }} Opened */

const WIDE = matchMedia('(min-width: 900px)');

/**
 * The view of one image.
 * @param {ViewerProps} props
 */
export function Viewer({ shown, loaded, chosen, marks, actions: page, keysOn }) {
  const image = useImage(shown.collection, shown.image, marks.version);
  const neighbors = useNeighbors(shown);
  const [panel, setPanel] = useState(WIDE.matches);
  const [levels, setLevels] = useState(false);
  const [dialog, setDialog] = useState('');
  const stage = useRef(/** @type {Controls} */ ({}));
  usePreloaded(shown.collection, neighbors);
  const known = Boolean(image.error || (image.document && neighbors.known));
  const ask = useInTurn(known, steps({ loaded, chosen, marks, image, neighbors }));
  /** @type {ViewerActions} */
  const actions = {
    ...changes({ loaded, page, image, neighbors }), close: () => mayLeave() && close(),
    previous: (event) => mayLeave() && ask(event, 'previous'), next: (event) => mayLeave() && ask(event, 'next'),
    mark: (key, event) => mayLeave() && ask(event, 'mark', key),
    panel: () => mayLeave() && setPanel(!panel), levels: () => setLevels(!levels),
    remove: () => setDialog('remove'), copy: () => setDialog('copy'), ...controlsOf(stage),
  };
  useViewerKeys(actions, keysOn && !dialog);
  const box = useFocus([shown.image, dialog]);
  const { document } = image;
  const { labels } = loaded;
  useTitle(shown.collection, document?.image);
  return html`
    <div class=${`viewer ${panel ? 'with-panel' : ''}`} role="dialog" aria-modal="true" ref=${box}
      tabindex="-1" aria-label=${document?.image ?? t('picture')}>
      <${Head} ...${{ shown, loaded, chosen, document, panel, levels, actions }} />
      <div class="stage-place">
        ${document && html`<${Guarded} on=${shown.image}>
          <${Stage} collection=${shown.collection} document=${document} controls=${stage} levels=${levels} />
          </${Guarded}>`}
        ${!document && !image.error && html`<p class="stage-note" role="status">${t('loading')}</p>`}
        ${image.error && html`
          <${Notice} icon="broken" failed title=${image.error.status === 404 ? t('imageGone') : errorTitle(image.error)}
            text=${image.error.message} />`}
        <${Step} name="previous" icon="back" to=${neighbors.previous} onClick=${actions.previous} />
        <${Step} name="next" icon="forward" to=${neighbors.next} onClick=${actions.next} />
      </div>
      ${panel && document && html`<${Guarded} on=${shown.image}>
        <${Properties} key=${shown.image} collection=${shown.collection} image=${image} label=${labels.label}
          onChanged=${actions.changed} />
      </${Guarded}>`}
      <footer>
        <${Guarded} on=${shown.image}>
          <${LabelBar} labels=${labels} current=${valueAt(document, labels.label)} onMark=${actions.mark}
            onSetUp=${page.setUpLabels} /></${Guarded}>
      </footer>
      ${dialog === 'copy' && document && html`
        <${SnippetDialog} request=${fileRequest(shown.collection, document)} onClose=${() => setDialog('')} />`}
      ${dialog === 'remove' && html`
        <${BulkDialog} ...${shown} kind="remove" labels=${labels} onDone=${actions.removed}
          selection=${{ all: false, ids: new Set([shown.image]) }} onClose=${() => setDialog('')} />`}
    </div>`;
}

/**
 * @param {{ shown: View, loaded: Loaded, chosen: Chosen, document: ImageDocument | undefined,
 *   panel: boolean, levels: boolean, actions: ViewerActions }} props
 */
function Head({ shown, loaded: { documents }, chosen: { active }, document, panel, levels, actions }) {
  const at = documents?.get(active)?._id === shown.image;
  /** @type {(name: string, icon: IconName, onClick: Function, more?: object) => VNode} */
  const button = (name, icon, onClick, more = {}) => html`
    <button class="icon" aria-label=${t(name)} title=${t(name)} onClick=${onClick} ...${more}>
      <${Icon} name=${icon} /></button>`;
  return html`
    <header>
      ${button('backToImages', 'back', actions.close)}
      <h2 class="name" title=${document?.image}>${document?.image ?? '…'}</h2>
      <span class="muted position">${at && `${number(active + 1)} / ${number(documents?.total ?? 0)}`}</span>
      <span class="space"></span>
      ${button('zoomOut', 'minus', actions.zoomOut, { class: 'icon wide-only' })}
      ${button('zoomIn', 'plus', actions.zoomIn, { class: 'icon wide-only' })}
      ${button('keyFit', 'fit', actions.fit)}
      ${button('levels', 'sun', actions.levels, { 'aria-pressed': String(levels) })}
      ${button('download', 'download', () => downloadImage(shown.collection, document).catch(toastError))}
      ${button('copyQuery', 'copy', actions.copy)}
      ${button('delete', 'trash', actions.remove)}
      ${button('properties', 'panel', actions.panel, { 'aria-pressed': String(panel) })}
    </header>`;
}

/**
 * @param {{ name: string, icon: IconName, to?: ImageDocument | null, onClick: () => void }} props
 */
function Step({ name, icon, to, onClick }) {
  return html`
    <button class=${`step ${name}`} disabled=${!to} aria-label=${t(name)} title=${t(name)} onClick=${onClick}>
      <${Icon} name=${icon} /></button>`;
}

function close() {
  go({ image: '' });
  /** @type {() => HTMLElement | null} */
  const list = () => document.querySelector('.list');
  setTimeout(() => list()?.focus());
}

/** @param {{ loaded: Loaded, chosen: Chosen, marks: Marks } & Opened} of */
function steps({ loaded: { documents }, chosen, marks, image, neighbors: { previous, next } }) {
  const step = (/** @type {ImageDocument | null | undefined} */ neighbor, /** @type {number} */ by) => {
    if (!neighbor) return false;
    chosen.setActive(moved(documents, chosen.active, neighbor, by));
    go({ image: neighbor._id }, { replace: true });
    return true;
  };
  return {
    previous: () => step(previous, -1), next: () => step(next, 1),
    /** @param {number} key */
    mark: (key) => Boolean(image.document && marks.mark(image.document, key)) && step(next, 1),
  };
}

/** @param {{ loaded: Loaded, page: Actions } & Opened} of */
function changes({ loaded, page, image, neighbors: { previous, next } }) {
  return {
    changed: (/** @type {Changed} */ change) => {
      image.put(change);
      loaded.documents?.put(change.value);
      loaded.refreshFields();
    },
    removed: () => {
      page.reload();
      const neighbor = next ?? previous;
      if (neighbor) go({ image: neighbor._id }, { replace: true });
      else close();
    },
  };
}

/** @param {Ref<Controls>} stage */
function controlsOf(stage) {
  const names = ['fit', 'pixels', 'zoomIn', 'zoomOut'];
  return Object.fromEntries(names.map((name) => [name, () => stage.current[name]?.()]));
}

/**
 * @param {string} collection
 * @param {Neighbors} neighbors
 */
function usePreloaded(collection, { previous, next }) {
  useEffect(() => {
    for (const neighbor of [next, previous]) if (neighbor) preloadPicture(collection, neighbor);
  }, [next?._id, previous?._id]);
}

/**
 * The title of the browser's tab, as long as an image is open.
 * @param {string} collection
 * @param {string} [name]
 */
function useTitle(collection, name) {
  useEffect(() => {
    const before = window.document.title;
    if (name) window.document.title = `${name} – ${collection}`;
    return () => { window.document.title = before; };
  }, [collection, name]);
}

/** @param {unknown[]} causes */
function useFocus(causes) {
  /** @type {Ref<HTMLElement>} */
  const box = useRef();
  useEffect(() => { if (!box.current.contains(document.activeElement)) box.current.focus(); }, causes);
  return box;
}

/**
 * @param {Documents | null} documents
 * @param {number} active
 * @param {ImageDocument} neighbor
 * @param {number} by
 */
function moved(documents, active, neighbor, by) {
  if (active >= 0 && documents?.get(active + by)?._id === neighbor._id) return active + by;
  return documents?.indexOf(neighbor._id) ?? -1;
}

/**
 * @param {string} collection
 * @param {ImageDocument} document
 * @returns {Snippet}
 */
function fileRequest(collection, { _id, image }) {
  // The name came from somebody: only its ending is taken over.
  const ending = /\.[A-Za-z0-9]{1,5}$/.exec(String(image))?.[0] ?? '';
  return { path: collectionPath(collection, 'images', _id, 'image'), params: [], file: _id + ending };
}

/**
 * @param {ViewerActions} actions
 * @param {boolean} on
 */
function useViewerKeys(actions, on) {
  const current = useRef({ actions, on });
  current.current = { actions, on };
  useLayoutEffect(() => {
    const down = (/** @type {KeyboardEvent} */ event) => {
      if (!current.current.on || event.defaultPrevented || isWriting(event) || event.altKey) return;
      const action = actionOf(event, current.current.actions);
      action?.(event);
      if (action) event.preventDefault();
    };
    addEventListener('keydown', down);
    return () => removeEventListener('keydown', down);
  }, []);
}

/**
 * @param {KeyboardEvent} event
 * @param {ViewerActions} actions
 * @returns {((event: Event) => unknown) | undefined}
 */
function actionOf(event, actions) {
  const key = event.key.toLowerCase();
  if (event.ctrlKey || event.metaKey) return key === 'z' ? undoLast : undefined;
  const number = labelNumber(key);
  if (number) return (/** @type {Event} */ event) => actions.mark(number, event);
  return lookUp({
    escape: actions.close, arrowleft: actions.previous, arrowright: actions.next, i: actions.panel,
    b: actions.levels, delete: actions.remove, '+': actions.zoomIn, '=': actions.zoomIn,
    '-': actions.zoomOut, 0: actions.fit, z: actions.pixels, '?': showHelp,
  }, key);
}
