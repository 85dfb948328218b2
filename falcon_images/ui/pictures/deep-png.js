// A reader of PNG files with 16 bits (RFC 2083): gray or color, not interlaced.

/** @import { DeepPicture } from './deep-picture.js' */
/** @type {Record<number, number>} */
const CHANNELS = { 0: 1, 2: 3, 4: 2, 6: 4 };

/**
 * Read the pixels of a 16-bit PNG; null if it is interlaced or too large.
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @param {number} maxPixels
 * @returns {Promise<DeepPicture | null>}
 */
export async function readPng(bytes, maxPixels) {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  const [stored, interlaced] = [CHANNELS[bytes[25]], bytes[28]];
  if (!stored || interlaced || width * height > maxPixels) return null;
  const raw = await inflate(dataOf(bytes, view));
  const stride = width * stored * 2;
  unfilter(raw, height, stride, stored * 2);
  return { width, height, most: 65535, ...colors(raw, width, height, stored) };
}

/**
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @param {DataView} view
 */
function dataOf(bytes, view) {
  /** @type {Uint8Array<ArrayBuffer>[]} */
  const parts = [];
  for (let at = 8; at + 12 <= bytes.length;) {
    const length = view.getUint32(at);
    const kind = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (kind === 'IDAT') parts.push(bytes.subarray(at + 8, at + 8 + length));
    at += length + 12;
  }
  return new Blob(parts);
}

/**
 * Unpack what zlib has packed.
 * @param {Blob} blob
 */
export async function inflate(blob) {
  const stream = blob.stream().pipeThrough(new DecompressionStream('deflate'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/**
 * @param {Uint8Array} raw
 * @param {number} height
 * @param {number} stride
 * @param {number} step
 */
function unfilter(raw, height, stride, step) {
  for (let row = 0; row < height; row++) {
    const at = row * (stride + 1) + 1;
    const above = row ? at - stride - 1 : -1;
    const filter = FILTERS[raw[at - 1]];
    if (filter) filter(raw, at, above, stride, step);
  }
}

/**
 * @typedef {(raw: Uint8Array, at: number, above: number, stride: number, step: number) => void} Filter
 */
/** @type {Record<number, Filter>} */
const FILTERS = {
  1(raw, at, _above, stride, step) {
    for (let i = step; i < stride; i++) raw[at + i] += raw[at + i - step];
  },
  2(raw, at, above, stride) {
    if (above < 0) return;
    for (let i = 0; i < stride; i++) raw[at + i] += raw[above + i];
  },
  3(raw, at, above, stride, step) {
    for (let i = 0; i < stride; i++) {
      const left = i < step ? 0 : raw[at + i - step];
      raw[at + i] += (left + (above < 0 ? 0 : raw[above + i])) >> 1;
    }
  },
  4(raw, at, above, stride, step) {
    for (let i = 0; i < stride; i++) {
      const left = i < step ? 0 : raw[at + i - step];
      const up = above < 0 ? 0 : raw[above + i];
      raw[at + i] += nearest(left, up, i < step || above < 0 ? 0 : raw[above + i - step]);
    }
  },
};

/**
 * @param {number} left
 * @param {number} up
 * @param {number} corner
 */
function nearest(left, up, corner) {
  const guess = left + up - corner;
  const [toLeft, toUp, toCorner] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)];
  if (toLeft <= toUp && toLeft <= toCorner) return left;
  return toUp <= toCorner ? up : corner;
}

/**
 * @param {Uint8Array} raw
 * @param {number} width
 * @param {number} height
 * @param {number} stored
 * @returns {{ channels: 1 | 3, pixels: Uint16Array }}
 */
function colors(raw, width, height, stored) {
  const channels = stored < 3 ? 1 : 3;
  const pixels = new Uint16Array(width * height * channels);
  let to = 0;
  for (let row = 0; row < height; row++) {
    let from = row * (width * stored * 2 + 1) + 1;
    for (let column = 0; column < width; column++, from += stored * 2) {
      for (let channel = 0; channel < channels; channel++) {
        pixels[to++] = (raw[from + channel * 2] << 8) | raw[from + channel * 2 + 1];
      }
    }
  }
  return { channels, pixels };
}
