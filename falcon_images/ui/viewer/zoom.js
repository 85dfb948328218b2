// Where a picture is in a box: fitted, moved, or as large as its pixels and larger.
/** @typedef {{ width: number, height: number }} Size */
/** @typedef {{ x: number, y: number }} Point */

const MOST_PIXELS = 64;
const MOST_FITTED = 3;

/** A picture in a box: `scale` of its pixels, and `x`, `y` of its corner, in CSS pixels. */
export class Zoom {
  scale = 1;
  x = 0;
  y = 0;
  isFitted = true;
  #box = { width: 1, height: 1 };
  #picture = { width: 1, height: 1 };

  /** @param {(zoom: Zoom) => void} onChange */
  constructor(onChange) {
    this.onChange = onChange;
  }

  /**
   * Take the size of the box; what is fitted stays so.
   * @param {Size} box
   */
  setBox(box) {
    this.#box = box;
    if (this.isFitted) this.fit();
    else this.#place();
  }

  /**
   * Take the size of another picture; one of the same size is seen at the same place.
   * @param {Size} picture
   */
  setPicture(picture) {
    const same = picture.width === this.#picture.width && picture.height === this.#picture.height;
    this.#picture = picture;
    if (same && !this.isFitted) this.#place();
    else this.fit();
  }

  /** Show the whole picture as large as the box, but a very small one not as large. */
  fit() {
    this.isFitted = true;
    this.scale = Math.min(this.#fitting, MOST_FITTED);
    this.#place();
  }

  /** Show a pixel of the picture as a pixel of the screen, or the whole picture again. */
  pixels() {
    const one = 1 / devicePixelRatio;
    if (Math.abs(this.scale - one) < 1e-6 && !this.isFitted) this.fit();
    else this.by(one / this.scale);
  }

  /**
   * Zoom by a factor around a point of the box, by default its middle.
   * @param {number} factor
   * @param {Point} [at]
   */
  by(factor, at = { x: this.#box.width / 2, y: this.#box.height / 2 }) {
    const least = Math.min(this.#fitting, 1) / 2;
    const scale = Math.max(least, Math.min(MOST_PIXELS, this.scale * factor));
    this.x = at.x - ((at.x - this.x) / this.scale) * scale;
    this.y = at.y - ((at.y - this.y) / this.scale) * scale;
    this.scale = scale;
    this.isFitted = false;
    this.#place();
  }

  /**
   * Move the picture.
   * @param {number} x
   * @param {number} y
   */
  pan(x, y) {
    this.x += x;
    this.y += y;
    this.isFitted = false;
    this.#place();
  }

  /**
   * The pixel of the picture at a point of the box, or null beside it.
   * @param {Point} point
   */
  pixelAt({ x, y }) {
    const column = Math.floor((x - this.x) / this.scale);
    const row = Math.floor((y - this.y) / this.scale);
    const inside = column >= 0 && row >= 0 && column < this.#picture.width && row < this.#picture.height;
    return inside ? { column, row } : null;
  }

  get #fitting() {
    return Math.min(this.#box.width / this.#picture.width, this.#box.height / this.#picture.height);
  }

  #place() {
    this.x = placed(this.x, this.#picture.width * this.scale, this.#box.width);
    this.y = placed(this.y, this.#picture.height * this.scale, this.#box.height);
    this.onChange(this);
  }
}

/**
 * @param {number} at
 * @param {number} size
 * @param {number} space
 */
function placed(at, size, space) {
  // What is smaller than the box is in its middle, what is larger covers it.
  return size <= space ? (space - size) / 2 : Math.max(space - size, Math.min(0, at));
}
