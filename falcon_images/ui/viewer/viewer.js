// One image, as large as the page: looked at, labelled, compared, and its properties changed.

import { BulkDialog } from '../bulk/bulk-dialog.js';
import { SnippetDialog } from '../filters/snippets.js';
import { LabelBar } from '../labels/label-keys.js';
import { busy, Progress } from '../labels/unlabelled.js';
import { useFoundPlace } from '../list/finding.js';
import { collectionPath } from '../parts/api.js';
import { Guarded } from '../parts/guarded.js';
import { isPassing } from '../parts/health.js';
import { AwayNotice, Notice } from '../parts/notices.js';
import { go, view } from '../parts/state.js';
import { toast } from '../parts/toasts.js';
import { valueAt } from '../parts/values.js';
import { t } from '../parts/words.js';
import { errorTitle } from '../service/said.js';
import { ShapeLayer } from '../shapes/shape-layer.js';
import { toggleEditing } from '../shapes/tools.js';
import { comparedIds, notCompared, withAnother } from '../stage/comparing.js';
import { Panes, useZooms } from '../stage/panes.js';
import { html, useEffect, useRef, useState } from '../vendor/preact-htm.js';
import { mayLeave } from './drafts.js';
import { Head, Step } from './head.js';
import { useInTurn } from './in-turn.js';
import { useImage, useNeighbors } from './neighbors.js';
import { Properties } from './properties.js';
import { Saving } from './saving-of.js';
import { changes, close, steps, usePreloaded } from './stepping.js';
import { useViewerKeys } from './viewer-keys.js';

/** @import { Snippet } from '../filters/snippets.js' */
/** @import { Actions } from '../page/collection.js' */
/** @import { Chosen, Loaded, Marks } from '../page/use-collection.js' */
/** @import { View } from '../parts/state.js' */
/** @import { ImageDocument } from '../parts/values.js' */
/** @import { Ref } from '../vendor/preact-htm.js' */
/** @import { OpenImage } from './neighbors.js' */
/** @import { Save } from './saving.js' */
/** @import { Ground } from '../stage/stage.js' */
/** @import { Opened } from './stepping.js' */

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
/** @typedef {ReturnType<typeof useOpened>} State */

const WIDE = matchMedia('(min-width: 900px)');
const STEP = 1.4;

/**
 * The view of one image.
 * @param {ViewerProps} props
 */
export function Viewer(props) {
  const { shown, loaded, chosen, keysOn } = props;
  const state = useOpened(props);
  const { image, neighbors, document, ids, zooms, panel, levels, dialog } = state;
  const actions = useActions(props, state);
  useViewerKeys(actions, keysOn && !dialog);
  const box = useFocus([shown.image, dialog]);
  useTitle(shown.collection, document?.image);
  return html`
    <div class=${`viewer ${panel ? 'with-panel' : ''}`} role="dialog" aria-modal="true" ref=${box}
      tabindex="-1" aria-label=${document?.image ?? t('picture')}>
      <${AwayNotice} />
      <${Head} ...${{ shown, loaded, chosen, document, panel, levels, actions }} isComparing=${ids.length > 1}
        zoom=${zooms[ids.indexOf(shown.image)]} />
      <div class="stage-place">
        <${Guarded} on=${shown.image}><${Pictures} ...${{ props, state, actions }} /></${Guarded}>
        <${ImageFailed} image=${image} />
        <${Step} name="previous" icon="back" to=${neighbors.previous} onClick=${actions.previous} />
        <${Step} name="next" icon="forward" to=${neighbors.next} onClick=${actions.next} />
      </div>
      ${image.document && html`<${Saving} key=${shown.image} collection=${shown.collection} image=${image}
        onChanged=${actions.changed} savers=${state.savers} />`}
      ${panel && image.document && html`<${Guarded} on=${shown.image}>
        <${Properties} key=${shown.image} document=${image.document} label=${loaded.labels.label} save=${state.saverOf(shown.image)} />
      </${Guarded}>`}
      ${panel && !image.document && html`<p class="panel-waiting muted">${t('loading')}</p>`}
      <footer>
        <${Guarded} on=${shown.image}>
          <${Progress} label=${loaded.labels.label} left=${loaded.left} onNext=${actions.nextUnlabelled} />
          <${LabelBar} labels=${loaded.labels} current=${valueAt(document, loaded.labels.label)} onMark=${actions.mark}
            onSetUp=${props.actions.setUpLabels} /></${Guarded}>
      </footer>
      <${Dialogs} ...${{ props, state, actions }} />
    </div>`;
}

/**
 * What the view knows, and what it shows.
 * @param {ViewerProps} props
 */
function useOpened({ shown, loaded, chosen, marks }) {
  const image = useImage(shown.collection, shown.image, marks.version);
  const neighbors = useNeighbors(shown);
  const [panel, setPanel] = useState(WIDE.matches);
  const [levels, setLevels] = useState(false);
  const [dialog, setDialog] = useState('');
  const ids = comparedIds(shown);
  const zooms = useZooms(ids.length);
  const { current: savers } = useRef(/** @type {Map<string, Save>} */ (new Map()));
  /** @type {(id: string) => Save} */
  const saverOf = (id) => async (edit) => {
    const save = savers.get(id);
    return save ? save(edit) : t('noAnswer');
  };
  usePreloaded(shown.collection, neighbors);
  useFoundPlace(shown, loaded, chosen, image.document);
  // What the list knows of it is enough for its picture.
  const listed = loaded.documents?.get(chosen.active);
  const document = image.document ?? (listed?._id === shown.image && !image.error ? listed : undefined);
  return {
    image, neighbors, document, ids, zooms, savers, saverOf, panel, setPanel, levels, setLevels, dialog, setDialog,
  };
}

/**
 * What buttons and keys do.
 * @param {ViewerProps} props
 * @param {State} state
 * @returns {ViewerActions}
 */
function useActions({ shown, loaded, chosen, marks, actions: page }, state) {
  const { image, neighbors, ids, zooms, panel, setPanel, levels, setLevels, setDialog } = state;
  const isLeading = busy.use();
  const known = !isLeading && Boolean(image.error || (image.document && neighbors.known));
  const another = () => compareAnother(shown, ids, neighbors);
  const ask = useInTurn(known, { ...steps({ loaded, chosen, marks, page, image, neighbors }), another });
  const zoom = zooms[ids.indexOf(shown.image)];
  return {
    ...changes({ loaded, page, image, neighbors }),
    close: () => mayLeave() && (ids.length > 1 ? compare([]) : close()),
    previous: (event) => mayLeave() && ask(event, 'previous'), next: (event) => mayLeave() && ask(event, 'next'),
    mark: (key, event) => mayLeave() && ask(event, 'mark', key),
    nextUnlabelled: () => mayLeave() && page.nextUnlabelled(),
    panel: () => mayLeave() && setPanel(!panel), levels: () => setLevels(!levels), shapes: toggleEditing,
    remove: () => setDialog('remove'), copy: () => setDialog('copy'),
    fit: () => zoom.fit(), pixels: () => zoom.pixels(), zoomIn: () => zoom.by(STEP), zoomOut: () => zoom.by(1 / STEP),
    ...comparisons(shown, ids, (event) => ask(event, 'another')),
  };
}

/**
 * @param {View} shown
 * @param {string[]} ids
 * @param {Opened['neighbors']} neighbors
 * @returns {boolean} whether another image is the open one now
 */
function compareAnother({ image }, ids, { next, previous }) {
  const other = notCompared(ids, [next, previous]);
  if (other) compare(withAnother(ids, image, other._id), other._id);
  else toast(t('nothingToCompare'));
  return Boolean(other);
}

/**
 * @param {View} shown
 * @param {string[]} ids
 * @param {(event?: Event) => void} add
 */
function comparisons({ image }, ids, add) {
  return {
    compareMore: (/** @type {Event | undefined} */ event) => mayLeave() && add(event),
    compare: () => mayLeave() && (ids.length > 1 ? compare([]) : add()),
    /** @param {string} id */
    open: (id) => mayLeave() && compare(ids, id),
    /** @param {string} id */
    without: (id) => {
      const others = ids.filter((each) => each !== id);
      if (mayLeave()) compare(others, id === image ? others[0] : image);
    },
  };
}

/**
 * @param {string[]} ids
 * @param {string} [open]
 */
function compare(ids, open = view.value.image) {
  go({ image: open, own: { ...view.value.own, compare: ids.length > 1 ? ids.join(',') : '' } }, { replace: true });
}

/** @param {{ props: ViewerProps, state: State, actions: ViewerActions }} of */
function Pictures({ props: { shown, loaded, marks }, state, actions }) {
  const { document, ids, zooms, levels, saverOf, image } = state;
  const overlayOf = (/** @type {ImageDocument} */ drawn, /** @type {boolean} */ isOpen) => (
    (/** @type {Ground} */ ground) => html`
      <${ShapeLayer} key=${drawn._id} ...${ground} document=${drawn}
        save=${isOpen && image.document ? saverOf(drawn._id) : null} />`);
  return html`
    <${Panes} collection=${shown.collection} ids=${ids} open=${shown.image} document=${document} zooms=${zooms}
      label=${loaded.labels.label} version=${marks.version} levels=${levels} overlayOf=${overlayOf}
      onOpen=${actions.open} onRemove=${actions.without} onAdd=${actions.compareMore} />`;
}

/** @param {{ image: OpenImage }} props */
function ImageFailed({ image: { error, document, again } }) {
  if (!error || document) return null;
  const isGone = error.status === 404;
  return html`
    <${Notice} icon="broken" failed title=${isGone ? t('imageGone') : errorTitle(error)} text=${error.message}>
      ${isPassing(error) && html`<button onClick=${again}>${t('tryAgain')}</button>`}
    </${Notice}>`;
}

/** @param {{ props: ViewerProps, state: State, actions: ViewerActions }} of */
function Dialogs({ props: { shown, loaded }, state: { document, dialog, setDialog }, actions }) {
  const onClose = () => setDialog('');
  if (dialog === 'copy' && document) {
    return html`<${SnippetDialog} request=${fileRequest(shown.collection, document)} onClose=${onClose} />`;
  }
  return dialog === 'remove' && html`
    <${BulkDialog} ...${shown} kind="remove" labels=${loaded.labels} onDone=${actions.removed}
      selection=${{ all: false, ids: new Set([shown.image]) }} onClose=${onClose} />`;
}

/**
 * The title of the browser's tab, as long as an image is open.
 * @param {string} collection
 * @param {string} [name]
 */
function useTitle(collection, name) {
  useEffect(() => {
    if (name) window.document.title = `${name} – ${collection}`;
    return () => { window.document.title = `${collection} – ${t('images')}`; };
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
 * @param {string} collection
 * @param {ImageDocument} document
 * @returns {Snippet}
 */
function fileRequest(collection, { _id, image }) {
  // The name came from somebody: only its ending is taken over.
  const ending = /\.[A-Za-z0-9]{1,5}$/.exec(String(image))?.[0] ?? '';
  return { path: collectionPath(collection, 'images', _id, 'image'), params: [], file: _id + ending };
}
