// Images and their documents as one file: which, in what form, and how they are split.

import { SnippetDialog } from '../filters/snippets.js';
import { countSelected } from '../list/selection.js';
import { Dialog } from '../parts/dialog.js';
import { number, t } from '../parts/words.js';
import { html, useEffect, useState } from '../vendor/preact-htm.js';
import { describedExports } from './described.js';
import {
  countExported, deleteSnapshot, exportRequest, hasClasses, isTooLong, makeSnapshot, snapshotRequest,
} from './export-request.js';
import { FormatChoice } from './format-choice.js';
import { canSave, saveAnswer } from './saving-answers.js';

/** @import { Field } from '../filters/fields.js' */
/** @import { Snippet } from '../filters/snippets.js' */
/** @import { Labels } from '../labels/pressed.js' */
/** @import { Selection } from '../list/selection.js' */
/** @import { View } from '../parts/state.js' */
/** @import { Described } from './described.js' */
/** @import { Wanted } from './export-request.js' */

const SPLITS = ['80/10/10', '70/15/15', '80/20'];
const PERIODS = ['time:10m', 'time:1h', 'time:1d'];
// Within that time a service that refuses has said so.
const BEGUN_AFTER_MS = 2000;

/** @typedef {{ count?: number, least?: boolean, long?: boolean, error?: Error }} Count */
/** @typedef {{ text: string, failed?: boolean, busy?: boolean }} Said */

/**
 * The dialog for an export of what is selected, or of all that match.
 * @param {View & { selection: Selection, fields: Field[], labels: Labels, onClose: () => void }} props
 */
export function ExportDialog({ selection, fields, labels, onClose, ...shown }) {
  const chosen = countSelected(selection, Infinity) > 0 ? selection : null;
  const described = useDescribed();
  const count = useCount(shown, chosen);
  const [wanted, setWanted] = useState(/** @type {Omit<Wanted, 'labelBy'> & { labelBy: string | null }} */ (
    { format: '', labelBy: null, split: '', groupBy: '', duplicates: false }));
  const [said, setSaid] = useState(/** @type {Said} */ ({ text: '' }));
  const [snippet, setSnippet] = useState(/** @type {Snippet | null} */ (null));
  // Of images that are too many for an address.
  const [snapshot, setSnapshot] = useState('');
  const change = (/** @type {Partial<Wanted>} */ part) => { setWanted({ ...wanted, ...part }); setSaid({ text: '' }); };
  // Which property is the label may be known only later.
  const full = { ...wanted, labelBy: wanted.labelBy ?? labels.label };
  const words = described?.words ?? new Set();
  const request = () => snapshot ? snapshotRequest(shown.collection, snapshot, full) : exportRequest(shown, chosen, full, words);
  /** @param {Event} event */
  const submit = async (event) => {
    event.preventDefault();
    if (!count.count || said.busy) return;
    if (!count.long || snapshot) return save(request(), setSaid);
    await saying(setSaid, async () => {
      const made = await makeSnapshot(shown, chosen, words);
      setSnapshot(made);
      save(snapshotRequest(shown.collection, made, full), setSaid);
    });
  };
  const forget = () => saying(setSaid, async () => {
    await deleteSnapshot(shown.collection, snapshot);
    setSnapshot('');
    setSaid({ text: t('snapshotDeleted') });
  });
  return html`
    <${Dialog} title=${t('exportImages')} onClose=${onClose} wide>
      <form class="export-form" onSubmit=${submit}>
        <${FormatChoice} formats=${described?.formats ?? ['']} format=${wanted.format}
          onChange=${(/** @type {string} */ format) => change({ format })} />
        ${hasClasses(wanted.format) && html`
          <${ClassChoice} wanted=${full} fields=${fields} onChange=${change} />`}
        <p class=${`matched ${count.error ? 'failed' : ''}`} aria-live="polite">${countText(count, chosen !== null)}</p>
        <p class=${said.failed ? 'failed' : 'muted'} role="status">${said.text || t(canSave() ? 'exportHelp' : 'tokenTooLong')}</p>
        ${count.long && html`<p class="muted">${snapshot ? t('snapshotKept', { name: snapshot }) : t('exportAsSnapshot')}</p>`}
        <div class="buttons">
          ${snapshot && html`<button type="button" disabled=${said.busy} onClick=${forget}>${t('deleteSnapshot')}</button>`}
          <button type="button" class="first" disabled=${!described || (count.long && !snapshot)} onClick=${() => setSnippet(request())}>
            ${t('copyQuery')}</button>
          <button type="button" onClick=${onClose}>${t('close')}</button>
          <button class="primary" disabled=${!described || !count.count || said.busy || !canSave()}>${t('export')}</button>
        </div>
      </form>
      ${snippet && html`<${SnippetDialog} request=${snippet} onClose=${() => setSnippet(null)} />`}
    </${Dialog}>`;
}

/**
 * By what images are sorted.
 * @param {{ wanted: Wanted, fields: Field[], onChange: (part: Partial<Wanted>) => void }} props
 */
function ClassChoice({ wanted, fields, onChange }) {
  const { labelBy, split, groupBy, duplicates } = wanted;
  const names = fields.map(({ name }) => name);
  return html`
    <div class="class-choice">
      <label class="row">${t('classFrom')}
        <select value=${labelBy} onChange=${(event) => onChange({ labelBy: event.target.value })}>
          ${[...new Set(['', labelBy, ...names])].map((name) => html`
            <option key=${name} value=${name} selected=${name === labelBy}>${name || t('noClasses')}</option>`)}
        </select></label>
      <label class="row">${t('split')}
        <input value=${split} list="splits" placeholder=${t('noSplit')} pattern="[0-9]{1,6}(/[0-9]{1,6}){1,2}"
          title=${t('splitHelp')} onInput=${(event) => onChange({ split: event.target.value.trim() })} /></label>
      <datalist id="splits">${SPLITS.map((each) => html`<option value=${each} />`)}</datalist>
      <p class="muted">${t('splitHelp')}</p>
      ${split && html`
        <label class="row">${t('groupBy')}
          <input value=${groupBy} list="groups" placeholder="work_id"
            onInput=${(event) => onChange({ groupBy: event.target.value.trim() })} /></label>
        <datalist id="groups">${[...names, ...PERIODS].map((each) => html`<option value=${each} />`)}</datalist>
        <p class="muted">${t('groupHelp')}</p>
        <label class="check-row"><input type="checkbox" checked=${duplicates}
          onChange=${(event) => onChange({ duplicates: event.target.checked })} />${t('keepDuplicates')}</label>`}
    </div>`;
}

/**
 * @param {Snippet} request
 * @param {(said: Said) => void} say
 */
function save({ path, params }, say) {
  say({ text: t('loading'), busy: true });
  const begun = setTimeout(() => say({ text: t('exportBegun') }), BEGUN_AFTER_MS);
  saveAnswer(path, new URLSearchParams(params).toString(), (error) => {
    clearTimeout(begun);
    say({ text: error.message || t('noAnswer'), failed: true });
  });
}

/**
 * Say what goes wrong meanwhile.
 * @param {(said: Said) => void} say
 * @param {() => Promise<void>} work
 */
async function saying(say, work) {
  say({ text: t('loading'), busy: true });
  try {
    await work();
  } catch (/** @type {any} */ error) {
    say({ text: error.message || t('noAnswer'), failed: true });
  }
}

/**
 * @param {Count} count
 * @param {boolean} isSelection
 */
function countText({ count, least, error }, isSelection) {
  if (error) return isTooLong(error) ? t('tooManyNamed') : error.message || t('noAnswer');
  if (count === undefined) return t('counting');
  if (least) return t('exportAtLeast', { n: number(count) });
  return t(isSelection ? 'exportSelected' : 'exportMatching', { n: number(count) });
}

/** @returns {Described | null} */
function useDescribed() {
  const [described, setDescribed] = useState(/** @type {Described | null} */ (null));
  useEffect(() => {
    // Without the description, the archive alone can be chosen.
    describedExports().then(setDescribed, () => setDescribed({ formats: [''], takesTables: false, words: new Set() }));
  }, []);
  return described;
}

/**
 * @param {View} shown
 * @param {Selection | null} selection
 */
function useCount(shown, selection) {
  const [count, setCount] = useState(/** @type {Count} */ ({}));
  useEffect(() => {
    const controller = new AbortController();
    countExported(shown, selection, controller.signal)
      .then(setCount, (error) => error.name === 'AbortError' || setCount({ error }));
    return () => controller.abort();
  }, []);
  return count;
}
