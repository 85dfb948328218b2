// The shapes of an image as they are changed here: saved at once, one change after the other,
// and never over those of somebody else.

import { collectionPath, json } from '../parts/api.js';
import { health } from '../parts/health.js';
import { view } from '../parts/state.js';
import { jsonText } from '../parts/values.js';
import { t } from '../parts/words.js';
import { useEffect, useRef } from '../vendor/preact-htm.js';
import { useDraft } from '../viewer/drafts.js';
import { KINDS } from './shapes.js';

/** @import { ImageDocument } from '../parts/values.js' */
/** @import { Draft } from '../viewer/drafts.js' */
/** @import { Save } from '../viewer/saving.js' */
/** @import { Kind, Members } from './shapes.js' */

/**
 * @typedef {Draft & { base: any, members: any[], isTyping?: boolean, isForced?: boolean }} ShapeDraft
 *   `base` is what the property was before, `members` what it shall be
 */
/**
 * @typedef {object} Problem a change that is not saved
 * @property {Kind} kind
 * @property {string} text
 * @property {() => void} keep saves it all the same
 * @property {() => void} forget
 */
/**
 * @typedef {object} Edited
 * @property {Members} members as they are now
 * @property {Problem[]} problems
 * @property {(kind: Kind) => boolean} isLocked whether the property is something else than a list
 * @property {(kind: Kind, members: any[], isTyping?: boolean) => void} change
 */

const TYPED_MS = 1000;

/**
 * The shapes of a document, and what changes and saves them.
 * @param {ImageDocument} document
 * @param {Save | null} save
 * @returns {Edited}
 */
export function useEdited(document, save) {
  const edits = {
    boxes: useKind('boxes', document, save), polygons: useKind('polygons', document, save),
    points: useKind('points', document, save),
  };
  const members = { boxes: edits.boxes.members, polygons: edits.polygons.members, points: edits.points.members };
  return {
    members, problems: KINDS.flatMap((kind) => edits[kind].problem ?? []),
    isLocked: (kind) => edits[kind].isLocked,
    change: (kind, next, isTyping = false) => edits[kind].change(next, isTyping),
  };
}

/**
 * @param {Kind} kind
 * @param {ImageDocument} document
 * @param {Save | null} save
 */
function useKind(kind, document, save) {
  const stored = document[kind] ?? undefined;
  const sending = useSending(kind, document, save);
  const { draft, setDraft, said, store, forget } = useDraft({
    wrong: () => '', save: (each) => sending.send(/** @type {ShapeDraft} */ (each)),
  });
  const mine = /** @type {ShapeDraft | null} */ (draft);
  const { backAt } = health.use();
  useEffect(() => {
    if (!mine || (said && !mine.isForced)) return undefined;
    const timer = setTimeout(store, mine.isTyping ? TYPED_MS : 0);
    return () => clearTimeout(timer);
  }, [draft]);
  useEffect(() => { if (mine) store(); }, [backAt]);
  const change = (/** @type {any[]} */ members, /** @type {boolean} */ isTyping) => {
    const isOnItsWay = mine && sending.has(mine) && !said;
    const base = mine ? (isOnItsWay ? mine.members : mine.base) : stored;
    setDraft(draftOf({ kind, base, members, isTyping }));
  };
  const keep = () => mine && setDraft(draftOf({ kind, base: sending.known(), members: mine.members, isForced: true }));
  return {
    members: mine?.members ?? (Array.isArray(stored) ? stored : []), change,
    isLocked: stored !== undefined && !Array.isArray(stored),
    problem: mine && said ? [{ kind, text: said, keep, forget }] : null,
  };
}

/**
 * @param {{ kind: Kind, base: any, members: any[], isTyping?: boolean, isForced?: boolean }} of
 * @returns {ShapeDraft}
 */
function draftOf({ kind, ...rest }) {
  return { name: kind, type: 'json', text: t('nShapes', { n: rest.members.length }), ...rest };
}

/**
 * What sends the drafts of one property, each after the one before.
 * @param {Kind} kind
 * @param {ImageDocument} document
 * @param {Save | null} save
 */
function useSending(kind, document, save) {
  const state = useRef({ known: document[kind] ?? undefined, pending: 0, sent: new WeakSet() });
  const last = useRef(/** @type {Promise<unknown>} */ (Promise.resolve()));
  const { current } = state;
  // While something is on its way, its answer says what the service has.
  if (!current.pending) current.known = document[kind] ?? undefined;
  const able = useRef(save);
  // What was drawn before another image was looked at is saved all the same.
  if (save) able.current = save;
  const now = { save: able.current, path: collectionPath(view.value.collection, 'images', document._id) };
  const one = async (/** @type {ShapeDraft} */ draft) => {
    const problem = isSame(current.known, draft.base) && now.save
      ? await sendOne(now.path, now.save, draft)
      : { text: t('changedMeanwhile') };
    current.known = problem ? ('known' in problem ? problem.known : current.known) : draft.members;
    return problem?.text ?? null;
  };
  const send = async (/** @type {ShapeDraft} */ draft) => {
    current.sent.add(draft);
    current.pending += 1;
    const next = () => one(draft);
    const done = last.current.then(next, next);
    last.current = done;
    return done.finally(() => { current.pending -= 1; });
  };
  return { send, known: () => current.known, has: (/** @type {ShapeDraft} */ draft) => current.sent.has(draft) };
}

/**
 * Save a draft, also if somebody has changed something else of the image meanwhile.
 * @param {string} path
 * @param {Save} save
 * @param {ShapeDraft} draft
 * @returns {Promise<{ text: string, known?: any } | null>} null once it is saved
 */
async function sendOne(path, save, { name, base, members, text }) {
  const edit = { name, before: base, after: members, said: `${name}: ${text}` };
  const problem = await save(edit);
  if (problem !== t('changedMeanwhile')) return problem === null ? null : { text: problem };
  const known = (await json(path).catch(() => ({})))[name];
  // An answer that was lost on its way has left what was asked for.
  if (isSame(known, members)) return null;
  if (!isSame(known, base)) return { text: problem, known };
  const again = await save(edit);
  return again === null ? null : { text: again };
}

/**
 * @param {any} one
 * @param {any} other
 */
function isSame(one, other) {
  return jsonText(one ?? null) === jsonText(other ?? null);
}
