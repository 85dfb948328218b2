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
  /** What is to be done when a person has moved this picture, and not another beside it. */
  onUse = () => {};
  #box = { width: 1, height: 1 };
  #picture = { width: 1, height: 1 };
  /** @type {Set<(zoom: Zoom) => void>} */
  #listeners = new Set();

  /**
   * Call `listener` now and on each change; returns what ends that.
   * @param {(zoom: Zoom) => void} listener
   */
  watch(listener) {
    this.#listeners.add(listener);
    listener(this);
    return () => { this.#listeners.delete(listener); };
  }

  /** Pixels of the screen for one of the picture. */
  get part() {
    return this.scale * devicePixelRatio;
  }

  get picture() {
    return this.#picture;
  }

  /**
   * Take the size of the box; what is fitted stays so, else what is in its middle.
   * @param {Size} box
   */
  setBox(box) {
    const middle = this.#middle;
    this.#box = box;
    if (this.isFitted) this.#fit();
    else this.#look(middle, this.scale);
  }

  /**
   * Take the size of another picture; unless it is fitted, its pixels are as large, and the same
   * part of it is in the middle.
   * @param {Size} picture
   */
  setPicture(picture) {
    const middle = this.#middle;
    this.#picture = picture;
    if (this.isFitted) this.#fit();
    else this.#look(middle, this.scale);
  }

  /**
   * Show the same part of this picture as another one beside it shows of its own.
   * @param {Zoom} other
   */
  follow(other) {
    if (other.isFitted) return this.#fit();
    this.isFitted = false;
    return this.#look(other.#middle, (other.scale * other.#picture.width) / this.#picture.width);
  }

  /** Show the whole picture as large as the box, but a very small one not as large. */
  fit() {
    this.#fit();
    this.onUse();
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
    this.onUse();
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
    this.onUse();
  }

  /**
   * The place in the picture of a point of the box, which may be beside it.
   * @param {Point} point
   * @returns {Point}
   */
  placeAt({ x, y }) {
    return { x: (x - this.x) / this.scale, y: (y - this.y) / this.scale };
  }

  /** The part of the picture, from 0 to 1, that is in the middle of the box. */
  get #middle() {
    const { x, y } = this.placeAt({ x: this.#box.width / 2, y: this.#box.height / 2 });
    return { x: x / this.#picture.width, y: y / this.#picture.height };
  }

  /**
   * @param {Point} middle
   * @param {number} scale
   */
  #look(middle, scale) {
    this.scale = Math.min(MOST_PIXELS, scale);
    this.x = this.#box.width / 2 - middle.x * this.#picture.width * this.scale;
    this.y = this.#box.height / 2 - middle.y * this.#picture.height * this.scale;
    this.#place();
  }

  #fit() {
    this.isFitted = true;
    this.scale = Math.min(this.#fitting, MOST_FITTED);
    this.#place();
  }

  get #fitting() {
    return Math.min(this.#box.width / this.#picture.width, this.#box.height / this.#picture.height);
  }

  #place() {
    this.x = placed(this.x, this.#picture.width * this.scale, this.#box.width);
    this.y = placed(this.y, this.#picture.height * this.scale, this.#box.height);
    for (const listener of this.#listeners) listener(this);
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
