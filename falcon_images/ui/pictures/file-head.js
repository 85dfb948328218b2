// What the first bytes of a file say of how its pixels are shown: which way up, and of how many
// values each is.

const HEAD_BYTES = 256 * 1024;
const ORIENTATION = 0x0112;
/** @type {Record<number, number>} */
const PNG_CHANNELS = { 0: 1, 2: 3, 3: 3, 4: 2, 6: 4 };
/**
 * How often AVIF turns by 90 degrees, to the left, as EXIF writes it: alone, and then mirrored
 * from top to bottom or from left to right.
 */
const TURNS = [[1, 8, 3, 6], [4, 5, 2, 7], [2, 7, 4, 5]];
/** Two pixels beside each other, which EXIF has shown one above the other. */
const LYING_WEBP = 'data:image/webp;base64,'
  + 'UklGRk4AAABXRUJQVlA4WAoAAAAIAAAAAQAAAAAAVlA4TA4AAAAvAQAAAAcQEf0PRET/A0VYSUYa'
  + 'AAAATU0AKgAAAAgAAQESAAMAAAABAAYAAAAAAAA=';

/**
 * @typedef {object} FileHead
 * @property {number} orientation 1 to 8, as in EXIF; 1 is as it is stored
 * @property {number} [channels] values of a pixel, where that is known
 */

/**
 * Read the head of a picture's file.
 * @param {Blob} blob
 * @returns {Promise<FileHead>}
 */
export async function readHead(blob) {
  const bytes = new Uint8Array(await blob.slice(0, HEAD_BYTES).arrayBuffer());
  const view = new DataView(bytes.buffer);
  try {
    const head = headOf(bytes, view);
    const isTurned = head.orientation === 1 || text(bytes, 8, 4) !== 'WEBP' || await turnsWebp();
    return isTurned ? head : { ...head, orientation: 1 };
  } catch {
    // Cut off: nothing more is said.
    return { orientation: 1 };
  }
}

/** @type {Promise<boolean> | undefined} */
let webpIsTurned;

/** Whether the browser does with WebP what its EXIF says; not all do. */
function turnsWebp() {
  const picture = new Image();
  picture.src = LYING_WEBP;
  webpIsTurned ??= picture.decode().then(() => picture.naturalHeight > picture.naturalWidth, () => false);
  return webpIsTurned;
}

/**
 * @param {Uint8Array} bytes
 * @param {DataView} view
 * @returns {FileHead}
 */
function headOf(bytes, view) {
  if (view.getUint16(0) === 0xffd8) return ofJpeg(view);
  if (text(bytes, 1, 3) === 'PNG') return ofPng(bytes, view);
  if (text(bytes, 8, 4) === 'WEBP') return { orientation: ofExif(view, findWebp(bytes, view)) };
  if (text(bytes, 4, 4) === 'ftyp') return { orientation: ofAvif(bytes) };
  const order = text(bytes, 0, 2);
  if (order === 'II' || order === 'MM') return { orientation: ofExif(view, 0) };
  return { orientation: 1 };
}

/** @param {DataView} view */
function ofJpeg(view) {
  /** @type {FileHead} */
  const head = { orientation: 1 };
  for (let at = 2; at + 10 < view.byteLength;) {
    const marker = view.getUint16(at);
    const isFrame = marker >= 0xffc0 && marker <= 0xffcf && ![0xffc4, 0xffc8, 0xffcc].includes(marker);
    if (isFrame) return { ...head, channels: view.getUint8(at + 9) === 1 ? 1 : 3 };
    if (marker === 0xffe1 && view.getUint32(at + 4) === 0x45786966) head.orientation = ofExif(view, at + 10);
    at += 2 + view.getUint16(at + 2);
  }
  return head;
}

/**
 * @param {Uint8Array} bytes
 * @param {DataView} view
 */
function ofPng(bytes, view) {
  const head = { orientation: 1, channels: PNG_CHANNELS[bytes[25]] };
  for (let at = 8; at + 12 < bytes.length; at += 12 + view.getUint32(at)) {
    if (text(bytes, at + 4, 4) === 'eXIf') return { ...head, orientation: ofExif(view, at + 8) };
  }
  return head;
}

/**
 * @param {Uint8Array} bytes
 * @param {DataView} view
 */
function findWebp(bytes, view) {
  for (let at = 12; at + 8 < bytes.length;) {
    const size = view.getUint32(at + 4, true);
    if (text(bytes, at, 4) === 'EXIF') return text(bytes, at + 8, 4) === 'Exif' ? at + 14 : at + 8;
    at += 8 + size + (size % 2);
  }
  throw new RangeError('no EXIF');
}

/** @param {Uint8Array} bytes */
function ofAvif(bytes) {
  const [turned, mirrored] = ['irot', 'imir'].map((name) => firstByteOf(bytes, name));
  return TURNS[mirrored === undefined ? 0 : (mirrored & 1) + 1][(turned ?? 0) & 3];
}

/**
 * @param {Uint8Array} bytes
 * @param {string} name of a box
 * @returns {number | undefined} the first byte that it has
 */
function firstByteOf(bytes, name) {
  for (let at = 0; at + 4 < bytes.length; at++) {
    if (bytes[at] === 0x69 && text(bytes, at, 4) === name) return bytes[at + 4];
  }
  return undefined;
}

/**
 * @param {DataView} view
 * @param {number} start of the TIFF that EXIF is
 */
function ofExif(view, start) {
  const little = view.getUint16(start) === 0x4949;
  const entries = start + view.getUint32(start + 4, little);
  const count = view.getUint16(entries, little);
  for (let entry = 0; entry < count; entry++) {
    const at = entries + 2 + entry * 12;
    if (view.getUint16(at, little) !== ORIENTATION) continue;
    const found = view.getUint16(at + 8, little);
    return found >= 1 && found <= 8 ? found : 1;
  }
  return 1;
}

/**
 * @param {Uint8Array} bytes
 * @param {number} at
 * @param {number} length
 */
function text(bytes, at, length) {
  return String.fromCharCode(...bytes.subarray(at, at + length));
}
