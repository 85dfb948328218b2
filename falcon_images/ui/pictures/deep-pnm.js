// A reader of binary PGM and PPM files, of 8 or 16 bits.

/** @import { DeepPicture } from './deep-picture.js' */
const HEADER_BYTES = 4096;

/**
 * Read the pixels of a PGM (P5) or PPM (P6); null if it is too large or cut off.
 * @param {Uint8Array<ArrayBuffer>} bytes
 * @param {number} maxPixels
 * @returns {DeepPicture | null}
 */
export function readPnm(bytes, maxPixels) {
  const channels = bytes[1] === 0x36 ? 3 : 1;
  const head = new TextDecoder('latin1').decode(bytes.subarray(0, HEADER_BYTES));
  const found = /^P[56]\s+(?:#[^\n]*\n\s*)*(\d+)\s+(?:#[^\n]*\n\s*)*(\d+)\s+(?:#[^\n]*\n\s*)*(\d+)\s/.exec(head);
  if (!found) return null;
  const [width, height, largest] = found.slice(1).map(Number);
  const count = width * height * channels;
  const size = largest > 255 ? 2 : 1;
  const start = found[0].length;
  if (!count || width * height > maxPixels || bytes.length < start + count * size) return null;
  const pixels = size === 2 ? bigEndian(bytes, start, count) : bytes.subarray(start, start + count);
  return { width, height, channels, pixels, most: size === 2 ? 65535 : 255 };
}

/**
 * @param {Uint8Array} bytes
 * @param {number} start
 * @param {number} count
 */
function bigEndian(bytes, start, count) {
  const pixels = new Uint16Array(count);
  for (let at = 0; at < count; at++) pixels[at] = (bytes[start + at * 2] << 8) | bytes[start + at * 2 + 1];
  return pixels;
}
