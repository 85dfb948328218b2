// What the service says, in the language of the page.

import { lookUp } from '../parts/look-up.js';
import { language, t } from '../parts/words.js';
import { SAID_JAPANESE } from './said-japanese.js';

const SAID = { ja: SAID_JAPANESE };

/**
 * What kind of error it was, as a title.
 * @param {Error & { title?: string }} error
 */
export function errorTitle({ title }) {
  return lookUp(lookUp(SAID, language.value)?.titles ?? {}, title ?? '') ?? (title || t('failed'));
}

/**
 * A sentence about what went wrong. One that is not known in another language stays as it is,
 * behind what kind of error it is: it names what to change.
 * @param {{ title?: string, description?: string } | null | undefined} error the service's answer
 * @returns {string} '' if it says nothing
 */
export function saidText(error) {
  const { title = '', description = '' } = error ?? {};
  const own = lookUp(SAID, language.value);
  const plain = description || title;
  if (!own) return plain;
  const sentence = own.sentences.find(([pattern]) => pattern.test(description));
  if (sentence) return description.replace(...sentence);
  const kind = lookUp(own.titles, title);
  if (!kind || !description) return kind ?? plain;
  return t('errorWithDetails', { kind, details: description });
}
