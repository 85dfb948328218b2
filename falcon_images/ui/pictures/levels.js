// The brightness window: which values are black, and which are white.

import { number, t } from '../parts/words.js';
import { html } from '../vendor/preact-htm.js';

/** @import { Range } from './deep-picture.js' */

const STEPS = 1000;
const LEAST_STEPS = 2;

/**
 * The CSS filter that makes `low` black and `high` white (both 0 to 1).
 *
 * `contrast(c)` after `brightness(b)` makes c·b·v + (1 − c) / 2 of a value v.
 * @param {Range} range
 */
export function windowFilter([low, high]) {
  if (low === 0 && high === 1) return '';
  const slope = 1 / Math.max(1e-3, high - low);
  const contrast = 1 + 2 * low * slope;
  return `brightness(${slope / contrast}) contrast(${contrast})`;
}

/**
 * The sliders of the window, within `bounds`; `automatic` finds it from the picture, where
 * that is known.
 * @param {{ range: Range, bounds: Range, most: number, automatic?: () => void,
 *   onChange: (range: Range) => void }} props
 */
export function Levels({ range, bounds, most, automatic, onChange }) {
  const [least, span] = [bounds[0], bounds[1] - bounds[0]];
  const [low, high] = range.map((value) => Math.round(((value - least) / span) * STEPS));
  /** @param {number} step */
  const value = (step) => least + (step / STEPS) * span;
  /** @param {number} step */
  const setLow = (step) => onChange([value(Math.min(step, high - LEAST_STEPS)), range[1]]);
  /** @param {number} step */
  const setHigh = (step) => onChange([range[0], value(Math.max(step, low + LEAST_STEPS))]);
  /**
   * @param {string} name
   * @param {number} step
   * @param {(step: number) => void} set
   */
  const slider = (name, step, set) => html`
    <label><span>${t(name)}</span>
      <input type="range" min="0" max=${STEPS} value=${step} onInput=${(event) => set(Number(event.target.value))} />
      <output>${number(Math.round(value(step) * most))}</output>
    </label>`;
  return html`
    <div class="levels on-stage" role="group" aria-label=${t('levels')}>
      ${slider('black', low, setLow)}
      ${slider('white', high, setHigh)}
      ${automatic && html`<button class="small" onClick=${automatic}>${t('automatic')}</button>`}
      <button class="small" onClick=${() => onChange([0, 1])}>${t('reset')}</button>
    </div>`;
}
