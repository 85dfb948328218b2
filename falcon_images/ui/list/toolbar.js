// The line above the images: conditions, order, size, and how they are shown.

import { AddCondition, Chips } from '../filters/chips.js';
import { SnippetDialog } from '../filters/snippets.js';
import { collectionPath } from '../parts/api.js';
import { Icon } from '../parts/icons.js';
import { lookUp } from '../parts/look-up.js';
import { go, goOwn } from '../parts/state.js';
import { t } from '../parts/words.js';
import { html, useState } from '../vendor/preact-htm.js';
import { ColumnsDialog } from './columns.js';

/** @import { Field } from '../filters/fields.js' */
/** @import { Snippet } from '../filters/snippets.js' */
/** @import { Actions } from '../page/collection.js' */
/** @import { Loaded } from '../page/use-collection.js' */
/** @import { View } from '../parts/state.js' */

const SORTS = { '': 'newestFirst', time: 'oldestFirst', image: 'byName', '-_file.size': 'largestFirst' };
const USEFUL_SORTS = 6;
const SMALLEST = 80;
const LARGEST = 400;

/** @typedef {View & Loaded & { filters: boolean, size: number, actions: Actions }} ToolbarProps */

/**
 * The toolbar of a collection.
 * @param {ToolbarProps} props
 */
export function Toolbar(props) {
  const { conditions, sort, fields, labels, filters, actions } = props;
  return html`
    <div class="toolbar">
      <button class="icon" aria-expanded=${String(filters)} aria-controls="filters"
        title=${`${t('filters')} (F)`} aria-label=${t('filters')} onClick=${actions.toggleFilters}>
        <${Icon} name="filter" /></button>
      <${Chips} conditions=${conditions} />
      <${AddCondition} conditions=${conditions} fields=${fields.list} />
      <span class="space"></span>
      <${Sort} sort=${sort} fields=${fields.list} label=${labels.label} />
      <${ListButtons} ...${props} />
    </div>`;
}

/** @param {ToolbarProps} props */
function ListButtons(props) {
  const { own, fields, columns, size, actions } = props;
  const [dialog, setDialog] = useState('');
  const close = () => setDialog('');
  const table = own.view === 'table';
  return html`
    ${table
      ? html`<button class="columns" title=${t('columns')} onClick=${() => setDialog('columns')}>
          <${Icon} name="columns" /><span>${t('columns')}</span></button>`
      : html`<label class="size-choice"><span>${t('size')}</span><input type="range" class="size" min=${SMALLEST} max=${LARGEST} step="10" value=${size}
          aria-label=${t('sizeOfPictures')} title=${t('sizeOfPictures')}
          onInput=${(event) => goOwn({ size: event.target.value })} /></label>`}
    <button class="worded" aria-pressed=${String(table)} title=${`${t(table ? 'asGrid' : 'asTable')} (G)`}
      aria-label=${t(table ? 'asGrid' : 'asTable')} onClick=${actions.toggleView}>
      <${Icon} name=${table ? 'grid' : 'table'} /><span>${t(table ? 'grid' : 'table')}</span></button>
    <button class="worded" title=${t('changes')} aria-label=${t('changes')} onClick=${actions.showChanges}>
      <${Icon} name="history" /><span>${t('changes')}</span></button>
    <button class="worded" title=${t('copyQuery')} aria-label=${t('copyQuery')} onClick=${() => setDialog('copy')}>
      <${Icon} name="copy" /><span>${t('copy')}</span></button>
    <button class="export" title=${`${t('exportDots')} (E)`} onClick=${actions.export}>
      <${Icon} name="download" /><span>${t('exportDots')}</span></button>
    ${dialog === 'columns' && html`
      <${ColumnsDialog} columns=${columns} fields=${fields.list} onClose=${close} />`}
    ${dialog === 'copy' && html`<${SnippetDialog} request=${listRequest(props)} onClose=${close} />`}`;
}

/**
 * @param {View} shown
 * @returns {Snippet}
 */
function listRequest({ collection, conditions, sort }) {
  const params = [...conditions];
  if (sort) params.push(['sort', sort]);
  return { path: collectionPath(collection, 'images'), params, file: '' };
}

/** @param {{ sort: string, fields: Field[], label: string }} props */
function Sort({ sort, fields, label }) {
  const known = ['', 'time', 'image', '-_file.size'];
  const sorted = fields.filter(({ name }) => !name.includes(','));
  const isFirst = (/** @type {Field} */ { name, types }) => name === label || types.number || types.date;
  const useful = both(sorted.filter(isFirst).slice(0, USEFUL_SORTS));
  const others = both(sorted).filter((each) => !useful.includes(each));
  const option = (/** @type {string} */ choice) => html`
    <option key=${choice} value=${choice} selected=${choice === sort}>${sortName(choice)}</option>`;
  const groups = [['usefulSorts', useful], ['otherSorts', others]];
  return html`
    <select class="sort" aria-label=${t('order')} title=${t('order')} value=${sort}
      onChange=${(event) => go({ sort: event.target.value })}>
      ${known.map(option)}
      ${![...known, ...useful, ...others].includes(sort) && option(sort)}
      ${groups.map(([name, choices]) => choices.length > 0 && html`
        <optgroup key=${name} label=${t(String(name))}>${[...choices].map(option)}</optgroup>`)}
    </select>`;
}

/** @param {Field[]} fields */
function both(fields) {
  return fields.flatMap(({ name }) => [`-${name}`, name]);
}

/** @param {string} sort */
function sortName(sort) {
  const known = lookUp(SORTS, sort);
  if (known) return t(known);
  return sort.startsWith('-') ? `${sort.slice(1)} ↓` : `${sort} ↑`;
}
