// When images were stored: days, the last so many of them, and a histogram.

import { t } from '../parts/words.js';
import { html } from '../vendor/preact-htm.js';
import { conditionValue, dayEndHere, dayHere, withValue } from './conditions.js';
import { Histogram } from './histogram.js';

/** @import { Condition } from '../parts/state.js' */
/** @import { SetConditions } from './filters.js' */

/** @param {{ collection: string, conditions: Condition[], set: SetConditions, version: string }} props */
export function TimeRange({ collection, conditions, set, version }) {
  /** @param {number} days */
  const last = (days) => {
    const from = new Date();
    // Not so many times 24 hours: a day may have 23 or 25.
    from.setDate(from.getDate() - (days - 1));
    set(withValue(withValue(conditions, 'to', ''), 'from', dayHere(localDay(from))));
  };
  return html`
    <fieldset class="field-filter">
      <legend>${t('stored')}</legend>
      <${Histogram} collection=${collection} name="time" conditions=${conditions} version=${version}
        params=${['from', 'to']} set=${set} />
      ${['from', 'to'].map((param) => html`
        <label class="row">${t(param)}
          <input type="date" value=${conditionValue(conditions, param).slice(0, 10)}
            onChange=${(event) => {
              const day = event.target.value;
              set(withValue(conditions, param, day && (param === 'to' ? dayEndHere(day) : dayHere(day))));
            }} />
        </label>`)}
      <div class="row">
        <button class="small" onClick=${() => last(1)}>${t('today')}</button>
        <button class="small" onClick=${() => last(7)}>${t('lastDays', { n: 7 })}</button>
        <button class="small" onClick=${() => last(30)}>${t('lastDays', { n: 30 })}</button>
      </div>
    </fieldset>`;
}

/** @param {Date} date */
function localDay(date) {
  const two = (/** @type {number} */ value) => String(value).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}
