// One collection: its filters, its images, what is selected, and the one that is open.

import { BulkDialog } from '../bulk/bulk-dialog.js';
import { Filters } from '../filters/filters.js';
import { LabelKeysDialog } from '../labels/label-keys.js';
import { openNext } from '../labels/unlabelled.js';
import { SelectionBar, StatusBar } from '../list/bars.js';
import { ImageList } from '../list/list.js';
import { ListNotice } from '../list/list-notice.js';
import { EVERYTHING, NOTHING } from '../list/selection.js';
import { Toolbar } from '../list/toolbar.js';
import { Guarded } from '../parts/guarded.js';
import { go, goOwn } from '../parts/state.js';
import { compareAll } from '../stage/comparing.js';
import { html, useState } from '../vendor/preact-htm.js';
import { useKeys } from './keys.js';
import { later } from './later.js';
import { useChosen, useLoaded, useMarks } from './use-collection.js';

/** @import { Selection } from '../list/selection.js' */
/** @import { View } from '../parts/state.js' */
/** @import { Chosen, Loaded, Marks } from './use-collection.js' */

const ChangesDialog = later(async () => (await import('../bulk/changes.js')).ChangesDialog);
const ExportDialog = later(async () => (await import('../datasets/export-dialog.js')).ExportDialog);
const Viewer = later(async () => (await import('../viewer/viewer.js')).Viewer);
const DEFAULT_SIZE = 170;
const DEFAULT_SIZE_NARROW = 110;
const WIDE = matchMedia('(min-width: 900px)');

/**
 * @typedef {object} Dialog the one that is open
 * @property {'labels' | 'changes' | 'export' | 'relabel' | 'remove'} kind
 * @property {Selection} [selection] what it is about, if that is not what is selected
 * @property {any} [value] the one that is proposed
 */
/** @typedef {{ shown: View, loaded: Loaded, chosen: Chosen, marks: Marks }} State */
/** @typedef {ReturnType<typeof actionsOn> & { reload: () => void, toggleFilters: () => void }} Actions */

/**
 * The page of a collection.
 * @param {{ shown: View }} props
 */
export function CollectionPage({ shown }) {
  const [dialog, setDialog] = useState(/** @type {Dialog | null} */ (null));
  const [filters, setFilters] = useState(WIDE.matches);
  const loaded = useLoaded(shown);
  const chosen = useChosen(shown, loaded);
  const marks = useMarks(shown, loaded, chosen);
  const reload = () => { chosen.setSelection(NOTHING); loaded.reload(); };
  const actions = {
    ...actionsOn({ shown, loaded, chosen, marks, setDialog }), reload,
    toggleFilters: () => setFilters(!filters),
  };
  const open = Boolean(shown.image);
  useKeys(actions, !open && !dialog);
  return html`
    <main id="main" class=${`collection ${filters ? 'with-filters' : ''}`} inert=${open}>
      <${Guarded} on=${loaded.fields}>
        <${Toolbar} ...${shown} ...${loaded} filters=${filters} size=${tileSize(shown.own)} actions=${actions} />
      </${Guarded}>
      ${filters && html`<${Guarded} on=${loaded.fields}>
        <${Filters} collection=${shown.collection} conditions=${shown.conditions} fields=${loaded.fields}
          label=${loaded.labels.label} onClose=${actions.toggleFilters} />
      </${Guarded}>`}
      <${Guarded} on=${loaded.documents}>
        <${Images} shown=${shown} loaded=${loaded} chosen=${chosen} actions=${actions} /></${Guarded}>
      <${Guarded} on=${loaded.documents}>
        <${StatusBar} ...${loaded} active=${chosen.active} actions=${actions} /></${Guarded}>
    </main>
    ${open && html`<${Guarded} on=${shown.image}>
      <${Viewer} shown=${shown} loaded=${loaded} chosen=${chosen} marks=${marks} actions=${actions}
        keysOn=${!dialog} /></${Guarded}>`}
    <${Guarded} on=${dialog}><${Dialogs} dialog=${dialog} shown=${shown} loaded=${loaded} chosen=${chosen} onReload=${reload}
      onClose=${() => setDialog(null)} /></${Guarded}>`;
}

/** @param {{ shown: View, loaded: Loaded, chosen: Chosen, actions: Actions }} props */
function Images({ shown, loaded, chosen, actions }) {
  const { documents, total, columns, labels } = loaded;
  const open = (/** @type {number} */ index) => {
    chosen.setActive(index);
    go({ image: documents?.get(index)?._id ?? '' });
  };
  return html`
    <div class="images">
      ${total > 0 && html`
        <${ImageList} documents=${documents} total=${total} collection=${shown.collection} sort=${shown.sort}
          selection=${chosen.selection} active=${chosen.active} size=${tileSize(shown.own)} label=${labels.label}
          columns=${shown.own.view === 'table' ? columns : null} onSelect=${chosen.setSelection}
          onActive=${chosen.setActive} onOpen=${open} onRange=${chosen.selectRange} />`}
      <${ListNotice} documents=${documents} conditions=${shown.conditions} onRetry=${actions.reload} />
      ${chosen.selected > 0 && html`
        <${SelectionBar} selected=${chosen.selected} total=${total} actions=${actions} />`}
    </div>`;
}

/**
 * @param {{ dialog: Dialog | null, shown: View, loaded: Loaded, chosen: Chosen,
 *   onReload: () => void, onClose: () => void }} props
 */
function Dialogs({ dialog, shown, loaded, chosen, onReload, onClose }) {
  if (!dialog) return null;
  const common = { ...shown, labels: loaded.labels, onClose };
  if (dialog.kind === 'labels') {
    return html`<${LabelKeysDialog} ...${common} fields=${loaded.fields.list} />`;
  }
  if (dialog.kind === 'export') {
    return html`<${ExportDialog} ...${common} fields=${loaded.fields.list} selection=${chosen.selection} />`;
  }
  if (dialog.kind === 'changes') return html`<${ChangesDialog} ...${common} onReverted=${onReload} />`;
  return html`
    <${BulkDialog} ...${common} kind=${dialog.kind} selection=${dialog.selection ?? chosen.selection}
      value=${dialog.value} onDone=${onReload} />`;
}

/** @param {State & { setDialog: (dialog: Dialog) => void }} state */
function actionsOn({ shown, loaded, chosen, marks, setDialog }) {
  const { documents, total, labels } = loaded;
  const { selected, selection, active, setActive, setSelection } = chosen;
  const activeDocument = () => documents?.get(active);
  return {
    /** @param {number} key */
    mark: (key) => {
      const document = activeDocument();
      if (selected) setDialog({ kind: 'relabel', value: labels.values[key - 1] });
      else if (document && marks.mark(document, key)) setActive(Math.min(total - 1, active + 1));
    },
    remove: () => {
      const document = activeDocument();
      if (selected) setDialog({ kind: 'remove' });
      else if (document) setDialog({ kind: 'remove', selection: { all: false, ids: new Set([document._id]) } });
    },
    relabel: () => selected && setDialog({ kind: 'relabel' }),
    compare: () => { if (!selection.all) compareAll([...selection.ids]); },
    selectAll: () => setSelection(EVERYTHING),
    selectNothing: () => setSelection(NOTHING),
    nextUnlabelled: () => (labels.label ? openNext(shown, labels.label) : setDialog({ kind: 'labels' })),
    setUpLabels: () => setDialog({ kind: 'labels' }),
    export: () => setDialog({ kind: 'export' }),
    showChanges: () => setDialog({ kind: 'changes' }),
    toggleView: () => goOwn({ view: shown.own.view === 'table' ? '' : 'table' }, {}),
  };
}

/** @param {Record<string, string>} own */
function tileSize(own) {
  const size = Number(own.size);
  if (size >= 80 && size <= 500) return size;
  return WIDE.matches ? DEFAULT_SIZE : DEFAULT_SIZE_NARROW;
}
