// Where the images of a list are, in pixels.

import { useLayoutEffect } from '../vendor/preact-htm.js';
import { HEAD_HEIGHT, ROW_HEIGHT } from './table.js';
import { thumbnailSize } from './tile.js';

/** @import { Ref } from '../vendor/preact-htm.js' */

/** Pixels between two tiles. */
export const GAP = 6;
const HEIGHT_OF_WIDTH = 0.75;
const LEAST_COLUMNS = 2;

/**
 * @typedef {object} Layout where items are, in pixels
 * @property {number} perRow
 * @property {number} rowHeight
 * @property {number} head what is above the rows
 * @property {number} step from one item of a row to the next
 * @property {number} [width]
 * @property {string} [thumbnail]
 */

/** @typedef {{ width: number, height: number }} Box */

/**
 * Where the tiles of a grid are.
 * @param {number} boxWidth
 * @param {number} size
 * @returns {Layout}
 */
export function gridLayout(boxWidth, size) {
  const perRow = Math.max(LEAST_COLUMNS, Math.round((boxWidth + GAP) / (size + GAP)));
  const width = Math.max(1, Math.floor((boxWidth + GAP) / perRow) - GAP);
  return {
    perRow, width, step: width + GAP, head: 0, thumbnail: thumbnailSize(width),
    rowHeight: Math.round(width * HEIGHT_OF_WIDTH) + GAP,
  };
}

/**
 * Where the rows of a table are.
 * @returns {Layout}
 */
export function tableLayout() {
  return {
    perRow: 1, rowHeight: ROW_HEIGHT, head: HEAD_HEIGHT, step: Infinity,
  };
}

/**
 * Measure a box now, and whenever its size changes.
 * @param {Ref<HTMLElement>} box
 * @param {(box: Box) => void} setBox
 */
export function useBoxSize(box, setBox) {
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
