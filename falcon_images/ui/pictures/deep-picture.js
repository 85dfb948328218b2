// Pixels of 16 bits, which browsers cut down to 8, read here in full: PNG, PNM, TIFF.

import { readPng } from './deep-png.js';
import { readPnm } from './deep-pnm.js';
import { readTiff } from './deep-tiff.js';

const MAX_PIXELS = 40_000_000;
const MAX_BYTES = 256 * 1024 ** 2;
const LEFT_OUT = 0.005;

/**
 * @typedef {object} DeepPicture
 * @property {number} width
 * @property {number} height
 * @property {1|3} channels
 * @property {number} most the largest value that a pixel can have
 * @property {Uint16Array|Uint8Array} pixels row by row
 */

/** @typedef {[number, number]} Range two values from 0 to 1, the smaller one first */

/**
 * @typedef {object} Brightness
 * @property {Range} bounds the darkest and the brightest pixel
 * @property {Range} window those without half a percent at both ends
 */

/**
 * Read the pixels of a file; null if it is of a kind that is not read here.
 * @param {Blob} blob
 * @returns {Promise<DeepPicture|null>}
 */
export async function readDeepPicture(blob) {
  if (blob.size > MAX_BYTES) return null;
  const head = new Uint8Array(await blob.slice(0, 32).arrayBuffer());
  const read = readerOf(head);
  return read ? read(new Uint8Array(await blob.arrayBuffer()), MAX_PIXELS) : null;
}

/**
 * @param {Uint8Array} head
 * @returns {((bytes: Uint8Array<ArrayBuffer>, maxPixels: number) =>
 *   DeepPicture | null | Promise<DeepPicture | null>) | null}
 */
function readerOf(head) {
  const [first, second] = head;
  // An 8-bit PNG is left to the browser, which knows its colors and its transparency.
  if (first === 0x89 && second === 0x50) return head[24] === 16 ? readPng : null;
  if (first === 0x50 && (second === 0x35 || second === 0x36)) return readPnm;
  const order = String.fromCharCode(first, second);
  return order === 'II' || order === 'MM' ? readTiff : null;
}

/**
 * What is known of how bright a picture is, each as a part (0 to 1) of the largest value.
 * @param {DeepPicture} picture
 * @returns {Brightness}
 */
export function brightness({ pixels, most }) {
  const counts = new Uint32Array(most + 1);
  for (const value of pixels) counts[value]++;
  /**
   * @param {number} share
   * @returns {Range}
   */
  const between = (share) => {
    const low = firstOver(counts, pixels.length * share, 0, 1);
    const high = firstOver(counts, pixels.length * share, most, -1);
    return high > low ? [low / most, high / most] : [0, 1];
  };
  return { bounds: between(0), window: between(LEFT_OUT) };
}

/**
 * @param {Uint32Array} counts
 * @param {number} edge
 * @param {number} from
 * @param {number} step
 */
function firstOver(counts, edge, from, step) {
  let seen = 0;
  for (let value = from; value >= 0 && value < counts.length; value += step) {
    seen += counts[value];
    if (seen > edge) return value;
  }
  return from;
}

/**
 * Draw the values between `low` and `high` (0 to 1) from black to white.
 * @param {HTMLCanvasElement} canvas
 * @param {DeepPicture} picture
 * @param {Range} range
 */
export function drawWindow(canvas, { width, height, channels, pixels, most }, [low, high]) {
  const shade = new Uint8ClampedArray(most + 1);
  const span = Math.max(1e-6, high - low) * most;
  for (let value = 0; value <= most; value++) shade[value] = ((value - low * most) / span) * 255;
  const image = new ImageData(width, height);
  const { data } = image;
  for (let at = 0, from = 0; at < data.length; at += 4, from += channels) {
    data[at] = shade[pixels[from]];
    data[at + 1] = channels === 3 ? shade[pixels[from + 1]] : data[at];
    data[at + 2] = channels === 3 ? shade[pixels[from + 2]] : data[at];
    data[at + 3] = 255;
  }
  canvas.width = width;
  canvas.height = height;
  canvas.getContext('2d')?.putImageData(image, 0, 0);
}
