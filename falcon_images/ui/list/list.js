// The images of a collection in a box that scrolls, as a grid or as a table.

import { lookUp } from '../parts/look-up.js';
import { t } from '../parts/words.js';
import { html, useEffect, useRef, useState } from '../vendor/preact-htm.js';
import { useLasso } from './lasso.js';
import { GAP, gridLayout, tableLayout, useBoxSize } from './layout.js';
import { addresses, useAddressedPlace, useKeptPlace } from './place.js';
import { useRows } from './scroll.js';
import { adding, isSelected, NOTHING, toggle } from './selection.js';
import { Row, TableHead, tableWidth } from './table.js';
import { Tile } from './tile.js';

/** @import { Documents } from './documents.js' */
/** @import { Area } from './lasso.js' */
/** @import { Box, Layout } from './layout.js' */
/** @import { Selection } from './selection.js' */

/**
 * @typedef {object} ListProps
 * @property {Documents} documents
 * @property {number} total
 * @property {string} collection
 * @property {string} sort
 * @property {Selection} selection
 * @property {number} active the index of the image that keys act on, or -1
 * @property {number} size of tiles in pixels
 * @property {string} label
 * @property {string[] | null} columns of the table; null for the grid
 * @property {(selection: Selection) => void} onSelect
 * @property {(first: number, last: number, base: Selection) => void} onRange
 * @property {(index: number) => void} onActive
 * @property {(index: number) => void} onOpen
 */

/** @typedef {{ index: number, base: Selection }} Anchor where a range begins, and what was before */
/** @typedef {ReturnType<typeof useRows>} Rows */
/** @typedef {MouseEvent & { target: Element }} ListEvent */

/**
 * The list of images.
 * @param {ListProps} props
 */
export function ImageList(props) {
  const { documents, total, columns, size, active, sort } = props;
  const [box, setBox] = useState({ width: 0, height: 0 });
  const layout = columns ? tableLayout() : gridLayout(box.width, size);
  const kept = useKeptPlace();
  const rows = useRows({
    rows: Math.ceil(total / layout.perRow), perRow: layout.perRow,
    rowHeight: layout.rowHeight, viewport: box.height, inset: layout.head, onMove: kept.moved,
  });
  kept.shown.current = rows;
  useAddressedPlace(rows, documents, total, box.height > 0);
  const anchor = useRef(/** @type {Anchor} */ ({ index: 0, base: NOTHING }));
  const { lasso, click } = usePointer(rows, layout, props, anchor.current);
  useBoxSize(rows.box, setBox);
  const first = rows.first * layout.perRow;
  const last = Math.min(total, (rows.first + rows.count) * layout.perRow) - 1;
  useEffect(() => { documents.need(first, last); }, [documents, first, last]);
  useEffect(() => {
    if (active >= 0 && box.height) rows.reveal(Math.floor(active / layout.perRow));
  }, [active, box.height]);
  /** @param {KeyboardEvent} event */
  const onKeyDown = (event) => moveWithKeys(event, props, layout, box, anchor.current);
  // Not the link that a tile is: the keys are the list's.
  const onFocusIn = (/** @type {FocusEvent & { target: Element }} */ { target }) => {
    if (target.closest('a')) rows.box.current.focus({ preventScroll: true });
  };

  return html`
    <div class=${`list ${columns ? 'as-table' : 'as-grid'}`} ref=${rows.box} tabindex="0"
      role=${columns ? 'grid' : 'listbox'} aria-label=${t('imagesOfCollection')}
      aria-multiselectable="true" aria-rowcount=${columns ? total + 1 : undefined}
      aria-activedescendant=${active >= first && active <= last ? `item-${active}` : undefined}
      onfocusin=${onFocusIn} onClick=${click} onDblClick=${(event) => event.preventDefault()} onKeyDown=${onKeyDown}>
      ${columns && html`<${TableHead} columns=${columns} sort=${sort} first=${documents.get(first)} />`}
      <div class="rows" role="presentation"
        style=${{ height: `${rows.height - layout.head}px`, minWidth: columns ? `${tableWidth(columns)}px` : '0' }}>
        ${box.width > 0 && items(first, last, rows, layout, props)}
        ${lasso && html`<${Lasso} area=${lasso} shift=${rows.shift} />`}
      </div>
    </div>`;
}

/**
 * @param {number} first
 * @param {number} last
 * @param {Rows} rows
 * @param {Layout} layout
 * @param {ListProps} props
 */
function items(first, last, rows, layout, props) {
  const { documents, selection, active, columns, collection, label, total } = props;
  // As many keys as there are places: whatever is scrolled to, the same elements draw it.
  const places = rows.count * layout.perRow;
  const addressOf = addresses();
  const drawn = [];
  for (let index = first; index <= last; index++) {
    const document = documents.get(index);
    const y = Math.floor(index / layout.perRow) * layout.rowHeight + rows.shift;
    const common = {
      key: index % places, index, document, collection, label, y, total,
      address: document && addressOf(index, document._id),
      selected: document ? isSelected(selection, document._id) : selection.all,
      active: index === active,
    };
    drawn.push(columns
      ? html`<${Row} ...${common} columns=${columns} />`
      : html`<${Tile} ...${common} x=${(index % layout.perRow) * layout.step}
          width=${layout.width} height=${layout.rowHeight - GAP} size=${layout.thumbnail} />`);
  }
  return drawn;
}

/** @param {{ area: Area, shift: number }} props */
function Lasso({ area, shift }) {
  const style = {
    transform: `translate(${area.left}px, ${area.top + shift}px)`,
    width: `${area.right - area.left}px`, height: `${area.bottom - area.top}px`,
  };
  return html`<div class="lasso" style=${style}></div>`;
}

/**
 * @param {Rows} rows
 * @param {Layout} layout
 * @param {ListProps} props
 * @param {Anchor} anchor
 */
function usePointer(rows, layout, props, anchor) {
  const before = useRef({ drawing: false, base: NOTHING });
  const current = useRef({ layout, props });
  current.current = { layout, props };
  /** @type {(area: Area, event: PointerEvent) => void} */
  const draw = (area, event) => {
    const { layout: now, props: { documents, total, onSelect, selection } } = current.current;
    if (!before.current.drawing) {
      before.current = { drawing: true, base: event.ctrlKey || event.metaKey ? selection : NOTHING };
    }
    const ids = touched(area, now, total).map((index) => documents.get(index)?._id);
    onSelect(adding(before.current.base, ids.filter((id) => id !== undefined)));
  };
  const { area, wasDrawn } = useLasso(() => rows.box.current, rows.topOf, draw);
  if (!area) before.current = { drawing: false, base: NOTHING };
  const click = (/** @type {ListEvent} */ event) => {
    // Whether with a key or at the end of a rectangle: the link is for other tabs.
    if (event.target.closest('a')) event.preventDefault();
    if (wasDrawn()) return;
    const item = /** @type {HTMLElement | null} */ (event.target.closest('[data-index]'));
    if (item) choose(Number(item.dataset.index), event, props, anchor);
  };
  return { lasso: area, click };
}

/**
 * @param {Area} area
 * @param {Layout} layout
 * @param {number} total
 */
function touched({ left, right, top, bottom }, layout, total) {
  const found = [];
  const lastColumn = Math.min(layout.perRow - 1, Math.floor(right / layout.step));
  const y = (/** @type {number} */ value) => Math.max(0, Math.floor((value - layout.head) / layout.rowHeight));
  for (let row = y(top); row <= y(bottom); row++) {
    for (let column = Math.max(0, Math.floor(left / layout.step)); column <= lastColumn; column++) {
      const index = row * layout.perRow + column;
      if (index < total) found.push(index);
    }
  }
  return found;
}

/**
 * @param {number} index
 * @param {ListEvent} event
 * @param {ListProps} props
 * @param {Anchor} anchor
 */
function choose(index, event, props, anchor) {
  const { documents, selection, onSelect, onRange, onActive, onOpen } = props;
  const document = documents.get(index);
  if (!document) return;
  const onCheck = event.target.closest('[data-check]');
  const selecting = selection.all || selection.ids.size > 0;
  onActive(index);
  if (event.shiftKey) return onRange(...ordered(anchor.index, index), anchor.base);
  const toggling = event.ctrlKey || event.metaKey || onCheck || selecting;
  const next = toggling ? toggle(selection, document._id) : selection;
  Object.assign(anchor, { index, base: next });
  return toggling ? onSelect(next) : onOpen(index);
}

/**
 * @param {KeyboardEvent} event
 * @param {ListProps} props
 * @param {Layout} layout
 * @param {Box} box
 * @param {Anchor} anchor
 */
function moveWithKeys(event, props, layout, box, anchor) {
  if (event.target !== event.currentTarget || event.altKey) return;
  const { active, total, selection, documents, onOpen, onSelect } = props;
  const document = documents.get(active);
  const next = total ? destination(event.key, active, total, layout, box) : null;
  if (next !== null) moveTo(next, event.shiftKey, props, anchor);
  else if (event.key === 'Enter' && active >= 0) onOpen(active);
  else if (event.key === ' ' && document) {
    const toggled = toggle(selection, document._id);
    Object.assign(anchor, { index: active, base: toggled });
    onSelect(toggled);
  } else return;
  event.preventDefault();
}

/**
 * @param {string} key
 * @param {number} active
 * @param {number} total
 * @param {Layout} layout
 * @param {Box} box
 */
function destination(key, active, total, layout, box) {
  const page = Math.max(1, Math.floor(box.height / layout.rowHeight) - 1) * layout.perRow;
  const moves = {
    ArrowLeft: -1, ArrowRight: 1, ArrowUp: -layout.perRow, ArrowDown: layout.perRow,
    PageUp: -page, PageDown: page, Home: -Infinity, End: Infinity,
  };
  const move = lookUp(moves, key);
  if (move === undefined) return null;
  if (active < 0 && key !== 'End') return 0;
  return Math.max(0, Math.min(total - 1, active + move));
}

/**
 * @param {number} next
 * @param {boolean} extending
 * @param {ListProps} props
 * @param {Anchor} anchor
 */
function moveTo(next, extending, { selection, onActive, onRange }, anchor) {
  if (extending) onRange(...ordered(anchor.index, next), anchor.base);
  else Object.assign(anchor, { index: next, base: selection });
  onActive(next);
}

/**
 * @param {number} one
 * @param {number} other
 * @returns {[number, number]}
 */
function ordered(one, other) {
  return [Math.min(one, other), Math.max(one, other)];
}
