// A reader of the TIFF files that cameras write (TIFF 6.0): the first page, in strips,
// gray or RGB, 8 or 16 bits, not packed or packed with deflate.

import { inflate } from './deep-png.js';

/** @import { DeepPicture } from './deep-picture.js' */

/** @typedef {Record<string, number[]>} Page the values of each tag that is known here */

/** @type {Record<number, string>} */
const TAGS = {
  256: 'width', 257: 'height', 258: 'bits', 259: 'packing', 262: 'meaning', 273: 'offsets',
  277: 'channels', 279: 'lengths', 284: 'planar', 317: 'predictor', 339: 'format',
};
/** @type {Record<number, number>} */
const SIZES = { 1: 1, 3: 2, 4: 4 };
/** @type {Record<number, 'getUint8' | 'getUint16' | 'getUint32'>} */
const READERS = { 1: 'getUint8', 2: 'getUint16', 4: 'getUint32' };
const DEFLATE = [8, 32946];

/**
 * Read the pixels of a TIFF; null if it is of a kind that is not read here.
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @param {number} maxPixels
 * @returns {Promise<DeepPicture | null>}
 */
export async function readTiff(bytes, maxPixels) {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const little = bytes[0] === 0x49;
  if (view.getUint16(2, little) !== 42) return null;
  /** @type {Page} */
  const page = { channels: [1], packing: [1], planar: [1], predictor: [1], format: [1], bits: [1], ...tagsOf(view, little) };
  const [width, height, channels, bits] = [page.width[0], page.height[0], page.channels[0], page.bits[0]];
  if (!isReadable(page, channels, bits) || width * height > maxPixels) return null;
  const raw = await stripsOf(bytes, page);
  const count = width * height * channels;
  if (raw.length < (count * bits) / 8) return null;
  const pixels = bits === 16 ? sixteen(raw, count, little) : raw.slice(0, count);
  if (page.predictor[0] === 2) addUp(pixels, width * channels, channels);
  const most = bits === 16 ? 65535 : 255;
  // A white that is stored as nought.
  if (page.meaning?.[0] === 0) for (let at = 0; at < count; at++) pixels[at] = most - pixels[at];
  return { width, height, channels: channels === 3 ? 3 : 1, pixels, most };
}

/**
 * @param {DataView} view
 * @param {boolean} little
 */
function tagsOf(view, little) {
  /** @type {Page} */
  const found = {};
  const start = view.getUint32(4, little);
  const count = view.getUint16(start, little);
  for (let entry = 0; entry < count; entry++) {
    const at = start + 2 + entry * 12;
    const name = TAGS[view.getUint16(at, little)];
    if (name) found[name] = valuesOf(view, at, little);
  }
  return found;
}

/**
 * @param {DataView} view
 * @param {number} at
 * @param {boolean} little
 */
function valuesOf(view, at, little) {
  const [size, count] = [SIZES[view.getUint16(at + 2, little)], view.getUint32(at + 4, little)];
  if (!size || count > 1e6) throw new RangeError('not a tag that is read here');
  const start = size * count <= 4 ? at + 8 : view.getUint32(at + 8, little);
  const read = READERS[size];
  return Array.from({ length: count }, (_, index) => view[read](start + index * size, little));
}

/**
 * @param {Page} page
 * @param {number} channels
 * @param {number} bits
 */
function isReadable({ width, height, offsets, lengths, packing, planar, predictor, format, meaning }, channels, bits) {
  return width && height && offsets && lengths && (bits === 8 || bits === 16)
    && (channels === 1 || channels === 3) && (planar[0] === 1 || channels === 1)
    && predictor[0] <= 2 && format[0] === 1 && (meaning?.[0] ?? 1) <= 2
    && (packing[0] === 1 || DEFLATE.includes(packing[0]));
}

/**
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @param {Page} page
 */
async function stripsOf(bytes, { offsets, lengths, packing }) {
  const strips = offsets.map((offset, index) => bytes.subarray(offset, offset + lengths[index]));
  const parts = packing[0] === 1 ? strips
    : await Promise.all(strips.map((strip) => inflate(new Blob([strip]))));
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

/**
 * @param {Uint8Array<ArrayBuffer>} raw
 * @param {number} count
 * @param {boolean} little
 */
function sixteen(raw, count, little) {
  const view = new DataView(raw.buffer);
  return Uint16Array.from({ length: count }, (_, at) => view.getUint16(at * 2, little));
}

/**
 * @param {Uint8Array | Uint16Array} pixels
 * @param {number} stride
 * @param {number} channels
 */
function addUp(pixels, stride, channels) {
  for (let row = 0; row < pixels.length; row += stride) {
    for (let at = row + channels; at < row + stride; at++) pixels[at] += pixels[at - channels];
  }
}
