// The images of a collection in a box that scrolls, as a grid or as a table.

import { lookUp } from '../parts/look-up.js';
import { t } from '../parts/words.js';
import { html, useEffect, useLayoutEffect, useRef, useState } from '../vendor/preact-htm.js';
import { useLasso } from './lasso.js';
import { useRows } from './scroll.js';
import { adding, isSelected, NOTHING, toggle } from './selection.js';
import { columnWidths, HEAD_HEIGHT, ROW_HEIGHT, Row, TableHead, tableWidth } from './table.js';
import { Tile, thumbnailSize } from './tile.js';

const GAP = 6;
const HEIGHT_OF_WIDTH = 0.75;
const LEAST_COLUMNS = 2;

/**
 * The list of images.
 * @param {object} props `documents`, `total`, `selection`, `active` (an index), `size` of
 *   tiles in pixels, `columns` of the table (null for the grid), `label`, and what to call:
 *   `onSelect(selection)`, `onRange(first, last, base)`, `onActive(index)`, `onOpen(index)`
 */
export function ImageList(props) {
  const { documents, total, columns, size, active, sort } = props;
  const [box, setBox] = useState({ width: 0, height: 0 });
  const layout = columns ? tableLayout(columns) : gridLayout(box.width, size);
  const rows = useRows({
    rows: Math.ceil(total / layout.perRow), perRow: layout.perRow,
    rowHeight: layout.rowHeight, viewport: box.height, inset: layout.head,
  });
  const anchor = useRef({ index: 0, base: NOTHING });
  const { lasso, click } = usePointer(rows, layout, props, anchor.current);
  useBoxSize(rows.box, setBox);
  const first = rows.first * layout.perRow;
  const last = Math.min(total, (rows.first + rows.count) * layout.perRow) - 1;
  useEffect(() => { documents.need(first, last); }, [documents, first, last]);
  useEffect(() => {
    if (active >= 0 && box.height) rows.reveal(Math.floor(active / layout.perRow));
  }, [active, box.height]);
  const onKeyDown = (event) => moveWithKeys(event, props, layout, box, anchor.current);

  return html`
    <div class=${`list ${columns ? 'as-table' : 'as-grid'}`} ref=${rows.box} tabindex="0"
      role=${columns ? 'grid' : 'listbox'} aria-label=${t('imagesOfCollection')}
      aria-multiselectable="true" aria-rowcount=${columns ? total + 1 : undefined}
      aria-activedescendant=${active >= first && active <= last ? `item-${active}` : undefined}
      onClick=${click} onDblClick=${(event) => event.preventDefault()} onKeyDown=${onKeyDown}>
      ${columns && html`<${TableHead} columns=${columns} sort=${sort} />`}
      <div class="rows" role="presentation"
        style=${{ height: `${rows.height - layout.head}px`, minWidth: columns ? `${tableWidth(columns)}px` : '0' }}>
        ${box.width > 0 && items(first, last, rows, layout, props)}
        ${lasso && html`<${Lasso} area=${lasso} shift=${rows.shift} />`}
      </div>
    </div>`;
}

function items(first, last, rows, layout, props) {
  const { documents, selection, active, columns, collection, label, total } = props;
  // As many keys as there are places: whatever is scrolled to, the same elements draw it.
  const places = rows.count * layout.perRow;
  const drawn = [];
  for (let index = first; index <= last; index++) {
    const document = documents.get(index);
    const y = Math.floor(index / layout.perRow) * layout.rowHeight + rows.shift;
    const common = {
      key: index % places, index, document, collection, label, y, total,
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

function Lasso({ area, shift }) {
  const style = {
    transform: `translate(${area.left}px, ${area.top + shift}px)`,
    width: `${area.right - area.left}px`, height: `${area.bottom - area.top}px`,
  };
  return html`<div class="lasso" style=${style}></div>`;
}

function gridLayout(boxWidth, size) {
  const perRow = Math.max(LEAST_COLUMNS, Math.round((boxWidth + GAP) / (size + GAP)));
  const width = Math.max(1, Math.floor((boxWidth + GAP) / perRow) - GAP);
  return {
    perRow, width, step: width + GAP, head: 0, thumbnail: thumbnailSize(width),
    rowHeight: Math.round(width * HEIGHT_OF_WIDTH) + GAP,
  };
}

function tableLayout(columns) {
  return {
    perRow: 1, rowHeight: ROW_HEIGHT, head: HEAD_HEIGHT, step: Infinity,
    widths: columnWidths(columns),
  };
}

function useBoxSize(box, setBox) {
  useLayoutEffect(() => {
    const measure = () => {
      const { paddingLeft, paddingRight } = getComputedStyle(box.current);
      const width = box.current.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight);
      setBox({ width, height: box.current.clientHeight });
    };
    const observer = new ResizeObserver(measure);
    observer.observe(box.current);
    measure();
    return () => observer.disconnect();
  }, []);
}

function usePointer(rows, layout, props, anchor) {
  const before = useRef(NOTHING);
  const current = useRef();
  current.current = { layout, props };
  const draw = (area, event) => {
    const { layout: now, props: { documents, total, onSelect, selection } } = current.current;
    if (before.current.drawing !== true) {
      before.current = { drawing: true, kept: event.ctrlKey || event.metaKey ? selection : NOTHING };
    }
    const ids = touched(area, now, total).map((index) => documents.get(index)?._id);
    onSelect(adding(before.current.kept, ids.filter(Boolean)));
  };
  const { area, wasDrawn } = useLasso(() => rows.box.current, rows.topOf, draw);
  if (!area) before.current = { drawing: false };
  const click = (event) => {
    if (wasDrawn()) return;
    const item = event.target.closest('[data-index]');
    if (item) choose(Number(item.dataset.index), event, props, anchor);
  };
  return { lasso: area, click };
}

function touched({ left, right, top, bottom }, layout, total) {
  const found = [];
  const lastColumn = Math.min(layout.perRow - 1, Math.floor(right / layout.step));
  const y = (value) => Math.max(0, Math.floor((value - layout.head) / layout.rowHeight));
  for (let row = y(top); row <= y(bottom); row++) {
    for (let column = Math.max(0, Math.floor(left / layout.step)); column <= lastColumn; column++) {
      const index = row * layout.perRow + column;
      if (index < total) found.push(index);
    }
  }
  return found;
}

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

function moveWithKeys(event, props, layout, box, anchor) {
  if (event.target !== event.currentTarget || event.altKey) return;
  const { active, total, selection, documents, onOpen, onSelect } = props;
  const next = total ? destination(event.key, active, total, layout, box) : null;
  if (next !== null) moveTo(next, event.shiftKey, props, anchor);
  else if (event.key === 'Enter' && active >= 0) onOpen(active);
  else if (event.key === ' ' && documents.get(active)) {
    const toggled = toggle(selection, documents.get(active)._id);
    Object.assign(anchor, { index: active, base: toggled });
    onSelect(toggled);
  } else return;
  event.preventDefault();
}

function destination(key, active, total, layout, box) {
  const page = Math.max(1, Math.floor(box.height / layout.rowHeight) - 1) * layout.perRow;
  const moves = {
    ArrowLeft: -1, ArrowRight: 1, ArrowUp: -layout.perRow, ArrowDown: layout.perRow,
    PageUp: -page, PageDown: page, Home: -Infinity, End: Infinity,
  };
  const move = lookUp(moves, key);
  if (move === undefined) return null;
  return Math.max(0, Math.min(total - 1, active < 0 ? 0 : active + move));
}

function moveTo(next, extending, { selection, onActive, onRange }, anchor) {
  if (extending) onRange(...ordered(anchor.index, next), anchor.base);
  else Object.assign(anchor, { index: next, base: selection });
  onActive(next);
}

function ordered(one, other) {
  return [Math.min(one, other), Math.max(one, other)];
}
