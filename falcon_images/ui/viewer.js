// One image, as large as the page: looked at, labelled, and its properties changed.
import { html, useEffect, useLayoutEffect, useRef, useState } from './vendor/preact-htm.js';
import { collectionPath } from './api.js';
import { BulkDialog } from './bulk-dialog.js';
import { downloadImage } from './download.js';
import { preloadPicture } from './full-picture.js';
import { Icon } from './icons.js';
import { isWriting, showHelp } from './keys.js';
import { LabelBar } from './label-keys.js';
import { useNeighbours, useImage } from './neighbours.js';
import { Notice } from './notices.js';
import { Properties } from './properties.js';
import { SnippetDialog } from './snippets.js';
import { Stage } from './stage.js';
import { go } from './state.js';
import { toastError, undoLast } from './toasts.js';
import { valueAt } from './values.js';
import { number, t } from './words.js';

const WIDE = matchMedia('(min-width: 900px)');

/**
 * The view of one image; `shown.image` is its id, and another `version` says that it may
 * have changed.
 */
export function Viewer(props) {
  const { shown, labels, documents, active, onActive, onMark, onSetUp, onChanged, onRemoved } = props;
  const { collection, conditions, image: id } = shown;
  const image = useImage(collection, id, props.version);
  const { previous, next } = useNeighbours(shown);
  const [panel, setPanel] = useState(WIDE.matches);
  const [levels, setLevels] = useState(false);
  const [dialog, setDialog] = useState('');
  const stage = useRef({});
  const box = useRef();
  const { document } = image;
  useEffect(() => { if (!dialog) box.current.focus(); }, [id, dialog]);
  useEffect(() => {
    for (const neighbour of [next, previous]) if (neighbour) preloadPicture(collection, neighbour);
  }, [next?._id, previous?._id]);

  const close = () => { go({ image: '' }); focusList(); };
  const step = (neighbour, by) => {
    if (!neighbour) return;
    onActive(moved(documents, active, neighbour, by));
    go({ image: neighbour._id }, { replace: true });
  };
  const put = (changed) => { image.put(changed); documents?.put(changed.value); onChanged(); };
  const mark = (key) => {
    if (!document || onMark(document, key) === undefined) return;
    step(next, 1);
  };
  const removed = () => {
    onRemoved();
    if (next ?? previous) go({ image: (next ?? previous)._id }, { replace: true });
    else close();
  };
  const actions = {
    close, mark, previous: () => step(previous, -1), next: () => step(next, 1),
    panel: () => setPanel(!panel), levels: () => setLevels(!levels), remove: () => setDialog('remove'),
    ...stage.current,
  };
  useViewerKeys(actions, props.keysOn && !dialog);
  const at = documents?.get(active)?._id === id ? `${number(active + 1)} / ${number(documents.total)}` : '';
  const button = (name, icon, action, more = {}) => html`
    <button class="icon" aria-label=${t(name)} title=${t(name)} onClick=${action} ...${more}>
      <${Icon} name=${icon} /></button>`;

  return html`
    <div class=${`viewer ${panel ? 'with-panel' : ''}`} role="dialog" aria-modal="true" ref=${box}
      tabindex="-1" aria-label=${document?.image ?? t('picture')}>
      <header>
        ${button('backToImages', 'back', close)}
        <h2 class="name" title=${document?.image}>${document?.image ?? '…'}</h2>
        <span class="muted position">${at}</span>
        <span class="space"></span>
        ${button('zoomOut', 'minus', () => stage.current.zoomOut?.(), { class: 'icon wide-only' })}
        ${button('zoomIn', 'plus', () => stage.current.zoomIn?.(), { class: 'icon wide-only' })}
        ${button('keyFit', 'fit', () => stage.current.fit?.())}
        ${button('levels', 'sun', actions.levels, { 'aria-pressed': String(levels) })}
        ${button('download', 'download', () => downloadImage(collection, document).catch(toastError))}
        ${button('copyQuery', 'copy', () => setDialog('copy'))}
        ${button('delete', 'trash', actions.remove)}
        ${button('properties', 'panel', actions.panel, { 'aria-pressed': String(panel) })}
      </header>
      <div class="stage-place">
        ${document && html`
          <${Stage} collection=${collection} document=${document} controls=${stage} levels=${levels} />`}
        ${image.error && html`
          <${Notice} icon="broken" failed title=${t(image.error.status === 404 ? 'imageGone' : 'failed')}
            text=${image.error.message} />`}
        <button class="step previous" disabled=${!previous} aria-label=${t('previous')} title=${`${t('previous')} (←)`}
          onClick=${actions.previous}><${Icon} name="back" /></button>
        <button class="step next" disabled=${!next} aria-label=${t('next')} title=${`${t('next')} (→)`}
          onClick=${actions.next}><${Icon} name="forward" /></button>
      </div>
      ${panel && document && html`
        <${Properties} key=${id} collection=${collection} image=${image} label=${labels.label} onChanged=${put} />`}
      <footer>
        <${LabelBar} labels=${labels} current=${valueAt(document, labels.label)} onMark=${mark} onSetUp=${onSetUp} />
      </footer>
      ${dialog === 'copy' && document && html`
        <${SnippetDialog} request=${fileRequest(collection, document)} onClose=${() => setDialog('')} />`}
      ${dialog === 'remove' && html`
        <${BulkDialog} kind="remove" collection=${collection} conditions=${conditions} labels=${labels}
          selection=${{ all: false, ids: new Set([id]) }} onClose=${() => setDialog('')} onDone=${removed} />`}
    </div>`;
}

function moved(documents, active, neighbour, by) {
  if (active >= 0 && documents?.get(active + by)?._id === neighbour._id) return active + by;
  return documents?.indexOf(neighbour._id) ?? -1;
}

function focusList() {
  setTimeout(() => document.querySelector('.list')?.focus());
}

function fileRequest(collection, { _id, image }) {
  // The name came from somebody: only its ending is taken over.
  const ending = /\.[A-Za-z0-9]{1,5}$/.exec(String(image))?.[0] ?? '';
  return { path: collectionPath(collection, 'images', _id, 'image'), params: [], file: _id + ending };
}

function useViewerKeys(actions, on) {
  const current = useRef();
  current.current = { actions, on };
  useLayoutEffect(() => {
    const down = (event) => {
      if (!current.current.on || event.defaultPrevented || isWriting(event) || event.altKey) return;
      const action = actionOf(event, current.current.actions);
      action?.();
      if (action) event.preventDefault();
    };
    addEventListener('keydown', down);
    return () => removeEventListener('keydown', down);
  }, []);
}

function actionOf(event, actions) {
  const key = event.key.toLowerCase();
  if (event.ctrlKey || event.metaKey) return key === 'z' ? undoLast : undefined;
  if (/^[1-9]$/.test(key)) return () => actions.mark(Number(key));
  return {
    escape: actions.close, arrowleft: actions.previous, arrowright: actions.next, i: actions.panel,
    b: actions.levels, delete: actions.remove, '+': actions.zoomIn, '=': actions.zoomIn,
    '-': actions.zoomOut, 0: actions.fit, z: actions.pixels, '?': showHelp,
  }[key];
}
