// The badge with an image's label, whose color depends on its value alone.

import { valueText } from '../parts/values.js';
import { html } from '../vendor/preact-htm.js';

const COLORS = 12;
const MAX_CHARACTERS = 60;
const GOOD = /^(ok|good|pass|passed|true|yes|accept|accepted|良|良品|合格)$/i;
const BAD = /^(ng|bad|fail|failed|false|no|reject|rejected|defect|defective|不良|不良品|不合格)$/i;

/**
 * The class that has the color of a value.
 * @param {string} text
 */
export function colorOf(text) {
  if (GOOD.test(text)) return 'good';
  if (BAD.test(text)) return 'bad';
  let sum = 0;
  for (const character of text) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) >>> 0;
  return `color-${sum % COLORS}`;
}

/**
 * A badge with a value; an empty one, which is not seen, if there is none.
 * @param {{ value: unknown }} props
 */
export function Badge({ value }) {
  if (value === undefined) return html`<span class="badge"></span>`;
  const text = valueText(value).slice(0, MAX_CHARACTERS);
  return html`<span class=${`badge ${colorOf(text)}`}>${text}</span>`;
}
