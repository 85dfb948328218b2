// Pictures are shown upright, and their pixels counted as they are stored: from one to the other.

/** @typedef {{ x: number, y: number }} Point */
/** @typedef {{ width: number, height: number }} Size */

/**
 * For each orientation of EXIF, where a place of a picture of a width and height is shown.
 * @type {Record<number, (place: Point, size: Size) => Point>}
 */
const SHOWN = {
  1: ({ x, y }) => ({ x, y }),
  2: ({ x, y }, { width }) => ({ x: width - x, y }),
  3: ({ x, y }, { width, height }) => ({ x: width - x, y: height - y }),
  4: ({ x, y }, { height }) => ({ x, y: height - y }),
  5: ({ x, y }) => ({ x: y, y: x }),
  6: ({ x, y }, { height }) => ({ x: height - y, y: x }),
  7: ({ x, y }, { width, height }) => ({ x: height - y, y: width - x }),
  8: ({ x, y }, { width }) => ({ x: y, y: width - x }),
};
/** Those that another one undoes than itself. */
const UNDONE_BY = new Map([[6, 8], [8, 6]]);
const LYING = 5;

/** How a picture of a size, as it is stored, is shown. */
export class Turning {
  /**
   * @param {Size} stored
   * @param {number} orientation
   */
  constructor(stored, orientation) {
    this.stored = stored;
    this.orientation = orientation;
    const { width, height } = stored;
    /** @type {Size} the size of what is shown */
    this.shown = orientation >= LYING ? { width: height, height: width } : stored;
  }

  /**
   * Where a place of the stored pixels is shown.
   * @param {Point} place
   * @returns {Point}
   */
  toShown(place) {
    return SHOWN[this.orientation](place, this.stored);
  }

  /**
   * Which place of the stored pixels is shown at a place.
   * @param {Point} place
   * @returns {Point}
   */
  toStored(place) {
    return SHOWN[UNDONE_BY.get(this.orientation) ?? this.orientation](place, this.shown);
  }
}
