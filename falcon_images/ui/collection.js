// One collection: its filters, its images, what is selected, and the one that is open.
import { html, useEffect, useMemo, useRef, useState } from './vendor/preact-htm.js';
import { BulkDialog } from './bulk-dialog.js';
import { ChangesDialog } from './changes.js';
import { useFacets } from './facets.js';
import { Filters } from './filters.js';
import { useKeys } from './keys.js';
import { LabelKeysDialog, useLabelKeys } from './label-keys.js';
import { ImageList } from './list.js';
import { markImage, toastNoLabel } from './marking.js';
import { ListNotice } from './list-notice.js';
import { SelectionBar, StatusBar } from './bars.js';
import { countSelected, EVERYTHING, MAX_RANGE, adding, NOTHING } from './selection.js';
import { go, goOwn } from './state.js';
import { toast, toastError } from './toasts.js';
import { Toolbar } from './toolbar.js';
import { uploads } from './uploads.js';
import { useDocuments } from './use-documents.js';
import { Viewer } from './viewer.js';
import { FIXED_COLUMNS } from './table.js';
import { t } from './words.js';

const DEFAULT_SIZE = 170;
const FACETS_AFTER_MS = 1500;
const LONGEST_FACETS_MS = 2000;
const WIDE = matchMedia('(min-width: 900px)');

/** The page of a collection. */
export function CollectionPage({ shown }) {
  const { collection, conditions, sort, image, own } = shown;
  const [version, setVersion] = useState(0);
  const { finished } = uploads.use();
  const [facetVersion, facetsAreOld] = useFacetVersion(`${version} ${finished}`);
  const facets = useFacets(collection, conditions, facetVersion);
  // To count a million images again for each label would be too much.
  const refreshFacets = () => { if (facets.took < LONGEST_FACETS_MS) facetsAreOld(); };
  const labels = useLabelKeys({ collection, conditions, own, facets });
  const columns = useColumns(own, facets.fields, labels.label);
  const names = [labels.label, ...(own.view === 'table' ? columns : [])];
  const documents = useDocuments({ collection, conditions, sort, names, version });
  const [selection, setSelection] = useState(NOTHING);
  const [active, setActive] = useState(-1);
  const [dialog, setDialog] = useState(null);
  const [puts, setPuts] = useState(0);
  const [filters, setFilters] = useState(WIDE.matches);
  const reload = () => { setSelection(NOTHING); setVersion((old) => old + 1); };
  useReset([JSON.stringify(conditions), sort], () => { setSelection(NOTHING); setActive(-1); });

  const total = documents?.total ?? 0;
  const selected = countSelected(selection, total);
  const open = (index) => {
    setActive(index);
    go({ image: documents.get(index)?._id ?? '' });
  };
  const put = (document) => {
    documents?.put(document);
    setPuts((old) => old + 1);
  };
  const mark = (document, key) => {
    const value = labels.values[key - 1];
    if (!labels.label || value === undefined || value === '') return toastNoLabel(key);
    markImage({ collection, document, label: labels.label, value }, put).then(refreshFacets);
    return value;
  };
  const markHere = (key) => {
    if (selected) return setDialog({ kind: 'relabel', value: labels.values[key - 1] });
    const document = documents?.get(active);
    if (!document || mark(document, key) === undefined) return undefined;
    return setActive(Math.min(total - 1, active + 1));
  };
  const actions = {
    mark: markHere, reload,
    selectAll: () => setSelection(EVERYTHING),
    selectNothing: () => setSelection(NOTHING),
    relabel: () => selected && setDialog({ kind: 'relabel' }),
    remove: () => removeHere({ selected, documents, active, setSelection, setDialog }),
    setUpLabels: () => setDialog({ kind: 'labels' }),
    showChanges: () => setDialog({ kind: 'changes' }),
    toggleFilters: () => setFilters(!filters),
    toggleView: () => goOwn({ view: own.view === 'table' ? '' : 'table' }, {}),
  };
  useKeys(actions, !image && !dialog);
  const range = (first, last, base) => selectRange({ documents, first, last, base, setSelection });
  const close = () => setDialog(null);

  return html`
    <main id="main" class=${`collection ${filters ? 'with-filters' : ''}`} inert=${Boolean(image)}>
      <${Toolbar} collection=${collection} conditions=${conditions} sort=${sort} own=${own} facets=${facets}
        columns=${columns} filters=${filters} size=${tileSize(own)} actions=${actions} />
      ${filters && html`
        <${Filters} conditions=${conditions} facets=${facets} onClose=${actions.toggleFilters} />`}
      <div class="images">
        ${total > 0 && html`
          <${ImageList} documents=${documents} total=${total} collection=${collection} sort=${sort}
            selection=${selection} active=${active} size=${tileSize(own)} label=${labels.label}
            columns=${own.view === 'table' ? columns : null} onSelect=${setSelection}
            onActive=${setActive} onOpen=${open} onRange=${range} />`}
        <${ListNotice} documents=${documents} conditions=${conditions} onRetry=${reload} />
        ${selected > 0 && html`<${SelectionBar} selected=${selected} total=${total} actions=${actions} />`}
      </div>
      <${StatusBar} documents=${documents} active=${active} labels=${labels} actions=${actions} />
    </main>
    ${image && html`
      <${Viewer} shown=${shown} labels=${labels} documents=${documents} active=${active}
        onActive=${setActive} onMark=${mark} onSetUp=${actions.setUpLabels} onChanged=${refreshFacets}
        onRemoved=${reload} version=${puts} keysOn=${!dialog} />`}
    ${dialog?.kind === 'labels' && html`
      <${LabelKeysDialog} collection=${collection} labels=${labels} fields=${facets.fields} onClose=${close} />`}
    ${dialog?.kind === 'changes' && html`
      <${ChangesDialog} collection=${collection} onClose=${close} onReverted=${reload} />`}
    ${['relabel', 'remove'].includes(dialog?.kind) && html`
      <${BulkDialog} kind=${dialog.kind} collection=${collection} conditions=${conditions} labels=${labels}
        selection=${selection} value=${dialog.value} onClose=${close} onDone=${reload} />`}`;
}

function tileSize(own) {
  const size = Number(own.size);
  return size >= 80 && size <= 500 ? size : WIDE.matches ? DEFAULT_SIZE : 110;
}

function useColumns(own, fields, label) {
  const chosen = own.columns?.split(',').filter(Boolean);
  const common = [...fields].sort((one, other) => other.count - one.count).slice(0, 7);
  const likely = common.map(({ name }) => name).filter((name) => name !== label);
  const names = chosen ?? [...FIXED_COLUMNS, ...(label ? [label] : []), ...likely];
  return useMemo(() => names, [names.join(',')]);
}

function useFacetVersion(version) {
  const [marks, setMarks] = useState(0);
  const timer = useRef();
  const refresh = () => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setMarks((old) => old + 1), FACETS_AFTER_MS);
  };
  return [`${version} ${marks}`, refresh];
}

function useReset(causes, reset) {
  const first = useRef(true);
  useEffect(() => {
    if (!first.current) reset();
    first.current = false;
  }, causes);
}

async function selectRange({ documents, first, last, base, setSelection }) {
  if (last - first >= MAX_RANGE) return toast(t('rangeTooLong', { n: MAX_RANGE }));
  try {
    const found = await documents.range(first, last);
    return setSelection(adding(base, found.map(({ _id }) => _id)));
  } catch (error) {
    return toastError(error);
  }
}

function removeHere({ selected, documents, active, setSelection, setDialog }) {
  const document = documents?.get(active);
  if (!selected && !document) return;
  if (!selected) setSelection({ all: false, ids: new Set([document._id]) });
  setDialog({ kind: 'remove' });
}
