// The values of single pixels, as they are stored: of 8 bits too.

/** @import { FullPicture } from './full-picture.js' */
/** @import { Point } from './turning.js' */

const MAX_PIXELS = 40_000_000;
const OPAQUE = 255;

/** Reads pixels of one picture; those that a browser decodes come after a moment. */
export class PixelValues {
  /** @type {ImageBitmap | null} */
  #bitmap = null;
  #isAsked = false;
  #isClosed = false;
  /** @type {OffscreenCanvasRenderingContext2D | null} */
  #pixel = null;

  /**
   * @param {FullPicture} picture
   * @param {() => void} onReady called when values are here that were not when asked for
   */
  constructor(picture, onReady) {
    this.picture = picture;
    this.onReady = onReady;
  }

  /**
   * The values of the pixel that is shown at a place, or none where they are not known.
   * @param {Point} place
   * @returns {number[]}
   */
  at({ x, y }) {
    const { deep, kind } = this.picture;
    const [column, row] = [Math.floor(x), Math.floor(y)];
    if (deep) {
      const first = (row * deep.width + column) * deep.channels;
      return [...deep.pixels.subarray(first, first + deep.channels)];
    }
    if (kind === 'file' && !this.#bitmap) this.#decode();
    return this.#bitmap ? this.#read(this.#bitmap, column, row) : [];
  }

  /** Give back what the decoded picture takes. */
  close() {
    this.#isClosed = true;
    this.#bitmap?.close();
    this.#bitmap = null;
  }

  async #decode() {
    const { blob } = this.picture;
    if (this.#isAsked || this.#isClosed || !blob) return;
    this.#isAsked = true;
    /** @type {ImageBitmapOptions} values as they are stored, in whatever colors they are meant */
    const options = { colorSpaceConversion: 'none', premultiplyAlpha: 'none' };
    const bitmap = await createImageBitmap(blob, options).catch(() => null);
    if (!bitmap) return;
    if (this.#isClosed || bitmap.width * bitmap.height > MAX_PIXELS) return bitmap.close();
    this.#bitmap = bitmap;
    this.onReady();
  }

  /**
   * @param {ImageBitmap} bitmap
   * @param {number} column
   * @param {number} row
   */
  #read(bitmap, column, row) {
    this.#pixel ??= new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
    if (!this.#pixel) return [];
    this.#pixel.imageSmoothingEnabled = false;
    this.#pixel.clearRect(0, 0, 1, 1);
    this.#pixel.drawImage(bitmap, column, row, 1, 1, 0, 0, 1, 1);
    const [red, green, blue, alpha] = this.#pixel.getImageData(0, 0, 1, 1).data;
    const { channels = alpha === OPAQUE ? 3 : 4 } = this.picture.head;
    return channels < 3 ? [red, alpha].slice(0, channels) : [red, green, blue, alpha].slice(0, channels);
  }
}
