// One image of the grid.

import { Badge } from '../labels/labels.js';
import { valueAt, valueText } from '../parts/values.js';
import { t } from '../parts/words.js';
import { Thumbnail } from '../pictures/picture.js';
import { thumbnailPath } from '../pictures/pictures.js';
import { Component, html } from '../vendor/preact-htm.js';

/** @import { ImageDocument } from '../parts/values.js' */
/** @import { ItemProps } from './table.js' */

/**
 * @typedef {ItemProps & { x: number, width: number, height: number, size: string, total: number }}
 *   TileProps
 */

/** @type {(keyof TileProps)[]} */
const DRAWN_BY = [
  'document', 'index', 'address', 'x', 'y', 'width', 'height', 'selected', 'active', 'label', 'size',
];

/**
 * Which thumbnail is sharp enough for a width in pixels.
 * @param {number} width
 */
export function thumbnailSize(width) {
  const pixels = width * devicePixelRatio;
  if (pixels <= 180) return 'small';
  return pixels <= 420 ? 'medium' : 'large';
}

/**
 * What a screen reader says of an image.
 * @param {ImageDocument | undefined} document
 * @param {string} label
 */
export function spoken(document, label) {
  if (!document) return t('loading');
  const value = label ? valueAt(document, label) : undefined;
  const labelled = value === undefined ? '' : `, ${label} ${valueText(value)}`;
  return `${document.image}${labelled}`;
}

/**
 * A tile, which is drawn again only when something that it shows has changed.
 * @extends {Component<TileProps>}
 */
export class Tile extends Component {
  /** @param {TileProps} next */
  shouldComponentUpdate(next) {
    return DRAWN_BY.some((name) => next[name] !== this.props[name]);
  }

  /** @param {TileProps} props */
  render({ document, index, address, collection, selected, active, label, size, total, ...place }) {
    const { x, y, width, height } = place;
    const style = { transform: `translate(${x}px, ${y}px)`, width: `${width}px`, height: `${height}px` };
    const path = document && thumbnailPath(collection, document._id, size);
    return html`
      <a class=${`tile ${selected ? 'selected' : ''} ${active ? 'active' : ''}`} role="option" href=${address} tabindex="-1" draggable=${false}
        id=${`item-${index}`} data-index=${index} style=${style} aria-selected=${String(selected)}
        aria-posinset=${index + 1} aria-setsize=${total} aria-label=${spoken(document, label)}
        title=${document?.image}>
        <${Thumbnail} path=${path} />
        <${Badge} value=${label ? valueAt(document, label) : undefined} />
        <span class="check" data-check></span>
      </a>`;
  }
}
