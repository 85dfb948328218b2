// What is written in a form of a property: saved when the form is left, never lost in silence.

import { warnWhen } from '../parts/leaving.js';
import { toast } from '../parts/toasts.js';
import { t } from '../parts/words.js';
import { useEffect, useRef, useState } from '../vendor/preact-htm.js';

/** @import { Ref } from '../vendor/preact-htm.js' */

/** @typedef {{ name: string, type: string, text: string }} Draft */

/**
 * @typedef {object} Form a form that is drawn, as of now
 * @property {Draft | null} draft
 * @property {string} obstacle why the draft cannot be saved by leaving, or ''
 * @property {() => void} store
 * @property {() => void} show has the obstacle read, where the draft is
 */

/** @type {Set<Ref<Form>>} */
const forms = new Set();
/** @type {Set<() => boolean>} */
const unfinished = new Set();
let saving = 0;

warnWhen(() => saving > 0 || [...unfinished].some((isSo) => isSo()) || [...forms].some(({ current }) => current.draft !== null));

/** Whether the image can be left; a draft that cannot be saved is shown instead. */
export function mayLeave() {
  if ([...unfinished].some((isSo) => isSo())) return false;
  const stuck = [...forms].find(({ current }) => current.draft && current.obstacle);
  stuck?.current.show();
  return !stuck;
}

/**
 * Keep the image open as long as something that was begun on it has no end.
 * @param {() => boolean} isUnfinished
 * @returns {() => void} what ends that
 */
export function keepOpenWhile(isUnfinished) {
  unfinished.add(isUnfinished);
  return () => { unfinished.delete(isUnfinished); };
}

/**
 * The draft of a form, saved when the form loses the focus or is not drawn any more.
 * @param {object} rules
 * @param {(draft: Draft) => string} rules.wrong why a draft cannot be saved at all, or ''
 * @param {(draft: Draft) => string} [rules.unfinished] why it is not saved by leaving, or ''
 * @param {(draft: Draft) => Promise<string | null>} rules.save a sentence comes if it was not
 */
export function useDraft({ wrong, unfinished = wrong, save }) {
  const [draft, setDraft] = useState(/** @type {Draft | null} */ (null));
  const [said, setSaid] = useState('');
  const [refused, setRefused] = useState('');
  const box = useRef(/** @type {HTMLFormElement | null} */ (null));
  const sent = useRef(/** @type {Draft | null} */ (null));
  const forget = () => { setDraft(null); setSaid(''); setRefused(''); };
  const store = async () => {
    if (!draft || sent.current === draft) return;
    const problem = wrong(draft) || await counted(save(draft), sent, draft);
    if (!problem) setDraft((now) => (now === draft ? null : now));
    else if (!forms.has(form)) sayLost(draft, problem);
    setSaid(problem ?? '');
    setRefused(wrong(draft) ? '' : problem ?? '');
  };
  const obstacle = draft ? refused || wrong(draft) || unfinished(draft) : '';
  const show = () => { setSaid(obstacle); focusIn(box.current); };
  const form = useRef(/** @type {Form} */ ({ draft, obstacle, store, show }));
  form.current = { draft, obstacle, store, show };
  useEffect(() => {
    forms.add(form);
    return () => { forms.delete(form); gone(form.current, sent.current); };
  }, []);
  const onLeave = (/** @type {FocusEvent} */ event) => {
    const inside = box.current?.contains(/** @type {Node | null} */ (event.relatedTarget));
    if (inside || !form.current.draft) return;
    if (form.current.obstacle) setSaid(form.current.obstacle);
    else form.current.store();
  };
  return { draft, setDraft, said, box, store, forget, onLeave };
}

/**
 * @param {Promise<string | null>} saved
 * @param {Ref<Draft | null>} sent
 * @param {Draft} draft
 */
async function counted(saved, sent, draft) {
  saving += 1;
  sent.current = draft;
  try {
    return await saved;
  } finally {
    saving -= 1;
    sent.current = null;
  }
}

/**
 * @param {Form} form
 * @param {Draft | null} sent
 */
function gone({ draft, obstacle, store }, sent) {
  if (!draft || draft === sent) return;
  if (obstacle) sayLost(draft, obstacle);
  else store();
}

/**
 * @param {Draft} draft
 * @param {string} why
 */
function sayLost({ name, text }, why) {
  toast(t('notSaved', { name, text, why }), { failed: true });
}

/** @param {HTMLElement | null} box */
function focusIn(box) {
  /** @type {HTMLElement | null} */ (box?.querySelector('.value') ?? null)?.focus();
}
