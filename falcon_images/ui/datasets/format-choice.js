// The forms that an export can have, sorted by what they are for.

import { t } from '../parts/words.js';
import { html } from '../vendor/preact-htm.js';

/** @type {[string, string[]][]} the words for each purpose, and its formats in order */
const PURPOSES = [
  ['forArchives', ['', 'files']],
  ['forTraining', ['imagefolder', 'webdataset', 'coco', 'yolo-cls', 'ultralytics']],
  ['forTables', ['csv', 'xlsx', 'ndjson', 'parquet']],
];
const KNOWN = PURPOSES.flatMap(([, formats]) => formats);

/**
 * A choice of formats, with a sentence about the one that is chosen.
 * @param {{ formats: string[], format: string, onChange: (format: string) => void }} props
 */
export function FormatChoice({ formats, format, onChange }) {
  return html`
    <div class="formats" role="radiogroup" aria-label=${t('format')}>
      ${grouped(formats).map(([purpose, those]) => html`
        <fieldset key=${purpose}>
          <legend>${t(purpose)}</legend>
          ${those.map((each) => html`
            <label class="check-row" key=${each}>
              <input type="radio" name="format" value=${each} checked=${each === format} autofocus=${each === format}
                onChange=${() => onChange(each)} />${words(`format_${each || 'archive'}`, each)}</label>`)}
        </fieldset>`)}
    </div>
    <p class="muted format-help">${words(`formatHelp_${format || 'archive'}`, '')}</p>`;
}

/**
 * The formats that are offered, by what they are for; those that the page has no words for
 * are among the last.
 * @param {string[]} offered
 * @returns {[string, string[]][]}
 */
function grouped(offered) {
  const others = offered.filter((each) => !KNOWN.includes(each));
  /** @type {[string, string[]][]} */
  const all = [...PURPOSES, ['forOthers', others]];
  return all.map(([purpose, formats]) => /** @type {[string, string[]]} */ (
    [purpose, formats.filter((each) => offered.includes(each))])).filter(([, formats]) => formats.length);
}

/**
 * @param {string} key
 * @param {string} otherwise what stands for words that the page does not have
 */
function words(key, otherwise) {
  const found = t(key);
  return found === key ? otherwise : found;
}
