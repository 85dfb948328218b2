// Rows without number in a box that scrolls: only those that can be seen are drawn.

import { useLayoutEffect, useRef, useState } from '../vendor/preact-htm.js';

/** @import { Ref } from '../vendor/preact-htm.js' */

// Browsers end an element at 16 to 33 million pixels, and blur what is moved that far.
const MAX_HEIGHT = 4_000_000;
const OVERSCAN_ROWS = 2;
const IDLE_MS = 150;

/**
 * Where a box is in a list of rows that may be higher than any element can be.
 *
 * `top` is the place in the list, `shift` what has to be added to a place in the list to
 * get one in the element. Small moves are followed pixel by pixel; a jump (the bar that is
 * dragged) goes in proportion; when the box rests, both are brought together again.
 */
export class Scroll {
  top = 0;
  shift = 0;
  height = 0;
  viewport = 0;
  elementHeight = 0;
  timer = 0;
  #position = 0;

  /**
   * @param {HTMLElement} element
   * @param {() => void} onChange
   */
  constructor(element, onChange) {
    this.element = element;
    this.onChange = onChange;
    this.onScroll = () => this.#moved();
    element.addEventListener('scroll', this.onScroll, { passive: true });
  }

  /**
   * Take the measures of the list, in pixels; the top row stays where it is.
   * @param {number} height
   * @param {number} viewport
   */
  measure(height, viewport) {
    this.height = height;
    this.viewport = viewport;
    this.elementHeight = Math.min(height, MAX_HEIGHT);
  }

  /**
   * Go to a place in the list.
   * @param {number} top
   */
  go(top) {
    this.top = Math.max(0, Math.min(top, this.height - this.viewport));
    this.#settle();
  }

  close() {
    clearTimeout(this.timer);
    this.element.removeEventListener('scroll', this.onScroll);
  }

  get #most() {
    return Math.max(1, this.height - this.viewport);
  }

  get #mostPosition() {
    return Math.max(1, this.elementHeight - this.viewport);
  }

  #moved() {
    const position = this.element.scrollTop;
    const moved = position - this.#position;
    if (!moved) return;
    this.#position = position;
    const end = position <= 0 || position >= this.#mostPosition;
    const jump = end || Math.abs(moved) > 2 * this.viewport;
    const ratio = position / this.#mostPosition;
    const top = jump ? ratio * this.#most : this.top + moved;
    this.top = Math.max(0, Math.min(top, this.#most));
    this.shift = position - this.top;
    this.#settleSoon();
    this.onChange();
  }

  #settleSoon() {
    if (this.height <= MAX_HEIGHT) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#settle(), IDLE_MS);
  }

  #settle() {
    const position = (this.top / this.#most) * this.#mostPosition;
    this.#position = this.height > MAX_HEIGHT ? Math.round(position) : this.top;
    this.element.scrollTop = this.#position;
    // What the browser made of it, which rounds and has its own bounds.
    this.#position = this.element.scrollTop;
    this.shift = this.#position - this.top;
    this.onChange();
  }
}

/**
 * Draw the rows of a list that a box shows.
 * @param {{ rows: number, rowHeight: number, perRow: number, viewport: number, inset?: number,
 *   onMove?: () => void }} measures how many `rows`, their `rowHeight`, how many items
 *   `perRow`, the height of the `viewport`, and an `inset` that is not for rows, all in pixels;
 *   `onMove` is called when the box shows another place
 * @returns what to draw: `first` row and `count` of rows, `shift` for their places, the
 *   `height` of the whole, the `box` that scrolls, and `reveal(row)`; the item `at` its top,
 *   with the part of it that is above, and `goTo(item)`
 */
export function useRows({ rows, rowHeight, perRow, viewport, inset = 0, onMove = () => {} }) {
  /** @type {Ref<HTMLElement>} */
  const box = useRef();
  /** @type {Ref<Scroll>} */
  const scroll = useRef();
  const [place, setPlace] = useState({ first: 0, shift: 0 });
  const measures = useRef({ rows, rowHeight, onMove });
  measures.current = { rows, rowHeight, onMove };

  const update = () => {
    const { top, shift } = scroll.current;
    const first = Math.max(0, Math.floor(top / measures.current.rowHeight) - OVERSCAN_ROWS);
    setPlace((old) => (old.first === first && old.shift === shift ? old : { first, shift }));
    measures.current.onMove();
  };
  useLayoutEffect(() => {
    scroll.current = new Scroll(box.current, update);
    return () => scroll.current.close();
  }, []);
  const before = useRef({ rowHeight, perRow });
  useLayoutEffect(() => {
    const { current } = scroll;
    // The item that was at the top stays there, whatever the new measures are.
    const item = (current.top / before.current.rowHeight) * before.current.perRow;
    before.current = { rowHeight, perRow };
    current.measure(rows * rowHeight + inset, viewport);
    current.go((item / perRow) * rowHeight);
  }, [rows, rowHeight, perRow, viewport]);

  const count = Math.min(rows, Math.ceil(viewport / rowHeight) + 1 + 2 * OVERSCAN_ROWS);
  const first = Math.max(0, Math.min(place.first, rows - count));
  const reveal = (/** @type {number} */ row) => {
    const { current } = scroll;
    const above = row * rowHeight;
    const below = above + rowHeight + inset - viewport;
    if (current.top > above) current.go(above);
    else if (current.top < below) current.go(below);
  };
  return {
    box, first, count, shift: place.shift, reveal,
    height: Math.min(rows * rowHeight + inset, MAX_HEIGHT),
    topOf: () => scroll.current.top, at: () => (scroll.current.top / rowHeight) * perRow,
    goTo: (/** @type {number} */ item) => scroll.current.go((item / perRow) * rowHeight),
  };
}
