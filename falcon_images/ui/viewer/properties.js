// The properties of the open image, each with its type, to be read and changed.

import { bytes, moment, t } from '../parts/words.js';
import { html } from '../vendor/preact-htm.js';
import { memberProperties } from './members.js';
import { NewProperty, Property } from './property.js';

/** @import { ImageDocument } from '../parts/values.js' */
/** @import { Save } from './saving.js' */

/**
 * The panel of properties.
 * @param {{ document: ImageDocument, label: string, save: Save }} props
 */
export function Properties({ document, label, save }) {
  return html`
    <aside class="properties" aria-label=${t('properties')}>
      <h3>${t('properties')}</h3>
      <ul>
        ${memberProperties(document).map(([name, value]) => html`
          <${Property} key=${name} name=${name} value=${value} isLabel=${name === label} save=${save} />`)}
      </ul>
      <${NewProperty} names=${Object.keys(document)} save=${save} />
      <h3>${t('file')}</h3>
      <${Facts} document=${document} />
    </aside>`;
}

/** @param {{ document: ImageDocument }} props */
function Facts({ document }) {
  const { width, height, size, type, sha256 } = document._file ?? {};
  /** @type {[string, string | number | false | undefined][]} */
  const facts = [
    ['stored', moment(document.time)], ['size', size !== undefined && bytes(size)], ['type', type],
    ['pixels', width && `${width} × ${height}`], ['id', document._id], ['sha256', sha256],
  ];
  return html`
    <dl class="facts">
      ${facts.filter(([, value]) => value).map(([name, value]) => html`
        <div key=${name}><dt>${t(name)}</dt><dd>${value}</dd></div>`)}
    </dl>`;
}
