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
const SMALLEST = 80;
const LARGEST = 400;

/** @typedef {View & Loaded & { filters: boolean, size: number, actions: Actions }} ToolbarProps */

/**
 * The toolbar of a collection.
 * @param {ToolbarProps} props
 */
export function Toolbar(props) {
  const { conditions, sort, fields, filters, actions } = props;
  return html`
    <div class="toolbar">
      <button class="icon" aria-expanded=${String(filters)} aria-controls="filters"
        title=${`${t('filters')} (F)`} aria-label=${t('filters')} onClick=${actions.toggleFilters}>
        <${Icon} name="filter" /></button>
      <${Chips} conditions=${conditions} />
      <${AddCondition} conditions=${conditions} fields=${fields.list} />
      <span class="space"></span>
      <${Sort} sort=${sort} fields=${fields.list} />
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
      : html`<input type="range" class="size" min=${SMALLEST} max=${LARGEST} step="10" value=${size}
          aria-label=${t('sizeOfPictures')} title=${t('sizeOfPictures')}
          onInput=${(event) => goOwn({ size: event.target.value })} />`}
    <button class="icon" aria-pressed=${String(table)} title=${`${t(table ? 'asGrid' : 'asTable')} (G)`}
      aria-label=${t(table ? 'asGrid' : 'asTable')} onClick=${actions.toggleView}>
      <${Icon} name=${table ? 'grid' : 'table'} /></button>
    <button class="icon" title=${t('changes')} aria-label=${t('changes')} onClick=${actions.showChanges}>
      <${Icon} name="history" /></button>
    <button class="icon" title=${t('copyQuery')} aria-label=${t('copyQuery')} onClick=${() => setDialog('copy')}>
      <${Icon} name="copy" /></button>
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

/** @param {{ sort: string, fields: Field[] }} props */
function Sort({ sort, fields }) {
  const known = ['', 'time', 'image', '-_file.size'];
  const names = fields.filter(({ name }) => !name.includes(',')).flatMap(({ name }) => [`-${name}`, name]);
  const choices = [...new Set([...known, ...names, sort])];
  return html`
    <select class="sort" aria-label=${t('order')} title=${t('order')} value=${sort}
      onChange=${(event) => go({ sort: event.target.value })}>
      ${choices.map((choice) => html`
        <option key=${choice} value=${choice} selected=${choice === sort}>${sortName(choice)}</option>`)}
    </select>`;
}

/** @param {string} sort */
function sortName(sort) {
  const known = lookUp(SORTS, sort);
  if (known) return t(known);
  return sort.startsWith('-') ? `${sort.slice(1)} ↓` : `${sort} ↑`;
}
