// The panel of filters: when, and the properties in an order that serves.

import { Icon } from '../parts/icons.js';
import { go } from '../parts/state.js';
import { number, t } from '../parts/words.js';
import { html, useState } from '../vendor/preact-htm.js';
import { FieldFilter } from './field-filter.js';
import { isHelpful, offered, storeArrangement, storedArrangement, switched } from './order.js';
import { TimeRange } from './time-range.js';

/** @import { Condition } from '../parts/state.js' */
/** @import { Fields } from './fields.js' */

const OPEN_FIELDS = 8;
const MANY_FIELDS = 6;

/** @typedef {(conditions: Condition[]) => void} SetConditions */

/**
 * The filters of a collection.
 * @param {{ collection: string, conditions: Condition[], fields: Fields, label: string, onClose: () => void }} props
 */
export function Filters({ collection, conditions, fields, label, onClose }) {
  const [text, setText] = useState('');
  const [arranged, setArranged] = useState(() => storedArrangement(collection));
  const [all, setAll] = useState(false);
  const set = (/** @type {Condition[]} */ next) => go({ conditions: next });
  const switchIn = (/** @type {'pinned' | 'hidden'} */ list, /** @type {string} */ name) => {
    const next = { ...arranged, [list]: switched(arranged[list], name) };
    storeArrangement(collection, next);
    setArranged(next);
  };
  const hidden = fields.list.filter(({ name }) => arranged.hidden.includes(name)).length;
  const list = offered(fields.list, { label, arranged: all ? { ...arranged, hidden: [] } : arranged, text });
  return html`
    <aside class="filters" id="filters" aria-label=${t('filters')}>
      <div class="filters-head">
        <h2>${t('filters')}</h2>
        <button class="icon" onClick=${onClose} aria-label=${t('close')}><${Icon} name="close" /></button>
      </div>
      ${fields.list.length > MANY_FIELDS && html`
        <input type="search" class="find" aria-label=${t('findProperty')} placeholder=${t('findProperty')}
          value=${text} onInput=${(event) => setText(event.target.value)} />`}
      ${!text && html`<${TimeRange} collection=${collection} conditions=${conditions} set=${set} version=${fields.version} />`}
      ${list.map((field, index) => html`
        <${FieldFilter} key=${field.name} field=${field} collection=${collection} conditions=${conditions}
          version=${fields.version} set=${set} open=${index < OPEN_FIELDS && isHelpful(field)}
          pinned=${arranged.pinned.includes(field.name)} hidden=${arranged.hidden.includes(field.name)}
          onPin=${() => switchIn('pinned', field.name)} onHide=${() => switchIn('hidden', field.name)} />`)}
      ${hidden > 0 && !text && html`
        <button class="link" onClick=${() => setAll(!all)}>
          ${t(all ? 'hideHidden' : 'showHidden', { n: number(hidden) })}</button>`}
      ${fields.error && html`<p class="failed">${fields.error.message}</p>`}
      ${!list.length && !fields.error && html`
        <p class="muted">${t(fields.loading ? 'loading' : text ? 'noProperty' : 'noProperties')}</p>`}
    </aside>`;
}
