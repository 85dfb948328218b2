// The badge with an image's label, whose colour depends on its value alone.
import { html } from './vendor/preact-htm.js';
import { valueText } from './values.js';

const COLOURS = 8;
const GOOD = /^(ok|good|pass|passed|true|yes|accept|accepted|良|良品|合格)$/i;
const BAD = /^(ng|bad|fail|failed|false|no|reject|rejected|defect|defective|不良|不良品|不合格)$/i;

/** The class that has the colour of a value. */
export function colourOf(text) {
  if (GOOD.test(text)) return 'good';
  if (BAD.test(text)) return 'bad';
  let sum = 0;
  for (const character of text) sum = (sum * 31 + character.codePointAt(0)) >>> 0;
  return `colour-${sum % COLOURS}`;
}

/** A badge with a value. */
export function Badge({ value }) {
  if (value === undefined) return null;
  const text = valueText(value);
  return html`<span class=${`badge ${colourOf(text)}`}>${text.slice(0, 60)}</span>`;
}
