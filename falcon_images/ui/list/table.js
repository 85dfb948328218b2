// The images as a table: a row for each, and the columns that were chosen.

import { Badge } from '../labels/labels.js';
import { lookUp } from '../parts/look-up.js';
import { go } from '../parts/state.js';
import { typeOf, valueAt, valueText } from '../parts/values.js';
import { bytes, moment, t } from '../parts/words.js';
import { Thumbnail } from '../pictures/picture.js';
import { thumbnailPath } from '../pictures/pictures.js';
import { Component, html } from '../vendor/preact-htm.js';
import { spoken } from './tile.js';

/** @import { ImageDocument } from '../parts/values.js' */

/**
 * @typedef {object} ItemProps what a row and a tile have in common
 * @property {ImageDocument | undefined} document undefined while it is not here
 * @property {number} index
 * @property {string} [address] of the page that shows the image
 * @property {string} collection
 * @property {boolean} selected
 * @property {boolean} active
 * @property {string} label
 * @property {number} y
 */
/** @typedef {ItemProps & { columns: string[] }} RowProps */

/** Pixels of a row, and of the head above them. */
export const ROW_HEIGHT = 44;
export const HEAD_HEIGHT = 34;
const WIDTHS = { image: '220px', time: '170px', '_file.type': '110px' };
const NAMES = { image: 'fileName', time: 'stored', '_file.size': 'size', '_file.type': 'type' };
/** @type {(keyof RowProps)[]} */
const DRAWN_BY = ['document', 'index', 'address', 'y', 'selected', 'active', 'columns', 'label'];

/** The columns that are always there, and what each is called in a condition. */
export const FIXED_COLUMNS = ['image', 'time'];

/**
 * The widths of the columns, for the head and each row.
 * @param {string[]} columns
 */
export function columnWidths(columns) {
  const widths = columns.map((name) => lookUp(WIDTHS, name) ?? 'minmax(120px, 1fr)');
  return `36px 64px ${widths.join(' ')}`;
}

/**
 * The least width of a table in pixels.
 * @param {string[]} columns
 */
export function tableWidth(columns) {
  return 100 + columns.reduce((sum, name) => sum + (parseInt(lookUp(WIDTHS, name) ?? '', 10) || 120), 0);
}

/**
 * The names of the columns; a click sorts by one.
 * @param {{ columns: string[], sort: string, first: ImageDocument | undefined }} props `first` is
 *   the first that is drawn, which shows where numbers are
 */
export function TableHead({ columns, sort, first }) {
  const style = { gridTemplateColumns: columnWidths(columns), minWidth: `${tableWidth(columns)}px` };
  return html`
    <div class="table-head" role="row" style=${style}>
      <span role="columnheader"><span class="hidden-text">${t('selected')}</span></span>
      <span role="columnheader"><span class="hidden-text">${t('picture')}</span></span>
      ${columns.map((name) => {
        const order = sort === name ? 'ascending' : sort === `-${name}` ? 'descending' : 'none';
        const next = order === 'descending' ? name : `-${name}`;
        return html`
          <span key=${name} role="columnheader" aria-sort=${order} class=${isNumber(valueAt(first, name)) ? 'number' : ''}>
            <button class="column" title=${name} onClick=${() => go({ sort: next })}>
              ${columnName(name)}${{ ascending: ' ↑', descending: ' ↓', none: '' }[order]}
            </button>
          </span>`;
      })}
    </div>`;
}

/**
 * What a column is called for a person.
 * @param {string} name
 */
export function columnName(name) {
  const known = lookUp(NAMES, name);
  return known ? t(known) : name;
}

/**
 * A row, which is drawn again only when something that it shows has changed.
 * @extends {Component<RowProps>}
 */
export class Row extends Component {
  /** @param {RowProps} next */
  shouldComponentUpdate(next) {
    return DRAWN_BY.some((name) => next[name] !== this.props[name]);
  }

  /** @param {RowProps} props */
  render({ document, index, address, collection, selected, active, label, columns, y }) {
    const style = { transform: `translateY(${y}px)`, gridTemplateColumns: columnWidths(columns) };
    return html`
      <div class=${`table-row ${selected ? 'selected' : ''} ${active ? 'active' : ''}`} role="row"
        id=${`item-${index}`} data-index=${index} style=${style} aria-selected=${String(selected)}
        aria-rowindex=${index + 2} aria-label=${spoken(document, label)}>
        <span class="check" data-check role="gridcell"></span>
        <span class="thumb" role="gridcell">
          <a href=${address} tabindex="-1" draggable=${false} aria-label=${t('openImage', { name: document?.image })}>
            <${Thumbnail} path=${document && thumbnailPath(collection, document._id)} /></a>
        </span>
        ${columns.map((name) => html`
          <${Cell} key=${name} name=${name} document=${document} label=${label} address=${address} />`)}
      </div>`;
  }
}

/** @param {{ name: string, document: ImageDocument | undefined, label: string, address?: string }} props */
function Cell({ name, document, label, address }) {
  const value = valueAt(document, name);
  const text = cellText(name, value);
  return html`
    <span class=${isNumber(value) ? 'cell number' : 'cell'} role="gridcell" title=${text}>
      ${name === label ? html`<${Badge} value=${value} />` : linked(name, text, address)}
    </span>`;
}

/**
 * @param {string} name
 * @param {string} text
 * @param {string} [address]
 */
function linked(name, text, address) {
  if (name !== 'image') return text;
  return html`<a href=${address} tabindex="-1" draggable=${false}>${text}</a>`;
}

/** @param {unknown} value */
function isNumber(value) {
  return typeOf(value) === 'number';
}

/**
 * @param {string} name
 * @param {any} value
 */
function cellText(name, value) {
  if (value === undefined) return '';
  if (name === 'time') return moment(value);
  if (name === '_file.size') return bytes(value);
  return valueText(value);
}
