// What the page of a collection knows: what is loaded, what is selected, what is labelled.

import { useFields } from '../filters/fields.js';
import { useLabelKeys } from '../labels/label-keys.js';
import { markImage, toastNoLabel } from '../labels/marking.js';
import { isSet } from '../labels/pressed.js';
import { giveBackAfter, useLeft } from '../labels/unlabelled.js';
import { adding, countSelected, MAX_RANGE, NOTHING } from '../list/selection.js';
import { FIXED_COLUMNS } from '../list/table.js';
import { useDocuments } from '../list/use-documents.js';
import { health } from '../parts/health.js';
import { go, view } from '../parts/state.js';
import { toast, toastError } from '../parts/toasts.js';
import { valueAt } from '../parts/values.js';
import { t } from '../parts/words.js';
import { uploads } from '../upload/uploads.js';
import { useEffect, useMemo, useRef, useState } from '../vendor/preact-htm.js';
import { whenShown } from './shown-image.js';

/** @import { Field } from '../filters/fields.js' */
/** @import { Selection } from '../list/selection.js' */
/** @import { View } from '../parts/state.js' */
/** @import { ImageDocument } from '../parts/values.js' */

/** @typedef {ReturnType<typeof useLoaded>} Loaded */
/** @typedef {ReturnType<typeof useChosen>} Chosen */

/**
 * @typedef {object} Marks
 * @property {(document: ImageDocument, key: number) => boolean} mark sets the value of a key,
 *   and returns whether it has one
 * @property {number} version another one when a document has changed
 */

const FIELDS_AFTER_MS = 1500;
const LONGEST_FIELDS_MS = 2000;
const LIKELY_COLUMNS = 7;

/**
 * What is loaded of a collection, and how it is loaded again.
 * @param {View} shown
 */
export function useLoaded(shown) {
  const { collection, conditions, sort, own } = shown;
  const [version, setVersion] = useState(0);
  const { finished } = uploads.use();
  const [fieldsVersion, fieldsAreOld] = useFieldsVersion(`${version} ${finished}`);
  const fields = useFields(collection, conditions, fieldsVersion);
  const labels = useLabelKeys({ collection, conditions, own, fields });
  const left = useLeft(shown, labels.label, fields.list);
  const columns = useColumns(own, fields.list, labels.label);
  const names = [labels.label, ...(own.view === 'table' ? columns : [])];
  const documents = useDocuments({ collection, conditions, sort, names, version });
  return {
    fields, labels, left, columns, documents, total: documents?.total ?? 0,
    reload: () => setVersion((old) => old + 1),
    // To count a million images again for each label would be too much.
    refreshFields: () => { if (fields.took !== undefined && fields.took < LONGEST_FIELDS_MS) fieldsAreOld(); },
  };
}

/**
 * @param {string} version
 * @returns {[string, () => void]}
 */
function useFieldsVersion(version) {
  const [marks, setMarks] = useState(0);
  const timer = useRef(0);
  const refresh = () => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setMarks((old) => old + 1), FIELDS_AFTER_MS);
  };
  return [`${version} ${marks}`, refresh];
}

/**
 * @param {Record<string, string>} own
 * @param {Field[]} fields
 * @param {string} label
 */
function useColumns(own, fields, label) {
  const chosen = own.columns?.split(',').filter(Boolean);
  const common = [...fields].sort((one, other) => other.count - one.count).slice(0, LIKELY_COLUMNS);
  const likely = common.map(({ name }) => name).filter((name) => name !== label);
  const names = chosen ?? [...FIXED_COLUMNS, ...(label ? [label] : []), ...likely];
  return useMemo(() => names, [names.join(',')]);
}

/**
 * Which image is active, and which are selected; other conditions begin anew.
 * @param {View} view
 * @param {Loaded} loaded
 */
export function useChosen({ conditions, sort }, { documents, total }) {
  const [selection, setSelection] = useState(NOTHING);
  const [active, setActive] = useState(-1);
  const first = useRef(true);
  useEffect(() => {
    if (!first.current) { setSelection(NOTHING); setActive(-1); }
    first.current = false;
  }, [JSON.stringify(conditions), sort]);
  /** @type {(from: number, to: number, base: Selection) => Promise<void>} */
  const selectRange = async (from, to, base) => {
    if (to - from >= MAX_RANGE) return toast(t('rangeTooLong', { n: MAX_RANGE }));
    try {
      const found = await documents?.range(from, to) ?? [];
      return setSelection(adding(base, found.map(({ _id }) => _id)));
    } catch (/** @type {any} */ error) {
      return toastError(error);
    }
  };
  return { selection, setSelection, active, setActive, selectRange, selected: countSelected(selection, total) };
}

/**
 * Labels that are set by keys.
 * @param {View} view
 * @param {Loaded} loaded
 * @param {Chosen} chosen
 * @returns {Marks}
 */
export function useMarks({ collection }, { documents, labels, refreshFields }, { setActive }) {
  const [version, setVersion] = useState(0);
  const put = (/** @type {ImageDocument} */ document) => {
    documents?.put(document);
    setVersion((old) => old + 1);
  };
  const show = (/** @type {string} */ id) => {
    if (view.value.collection !== collection) return;
    const index = documents?.indexOf(id) ?? -1;
    if (index >= 0) setActive(index);
    if (view.value.image && view.value.image !== id) go({ image: id }, { replace: true });
  };
  useEffect(() => whenShown((of, id) => { if (of === collection) show(id); }));
  const mark = (/** @type {ImageDocument} */ document, /** @type {number} */ key) => {
    const value = labels.values[key - 1];
    const known = Boolean(labels.label) && isSet(value);
    if (!known) toastNoLabel(labels.keys[key - 1]);
    // The image stays the active one, so that the key can be pressed again.
    else if (health.value.away) toast(t('keyWhileAway', { name: document.image }), { failed: true });
    else {
      // The list comes without the label until it is known which property that is.
      const isSeen = valueAt(document, labels.label) !== undefined || Boolean(documents?.hasField(labels.label));
      const stored = markImage({ collection, document, label: labels.label, value, isSeen }, put, show);
      giveBackAfter(document._id, stored);
      stored.then(refreshFields);
    }
    return known && !health.value.away;
  };
  return { mark, version };
}
