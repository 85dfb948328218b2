// The labels that a page sets within a minute are one change, which can be undone as a whole.

/** @typedef {{ change: string | null }} Answer with the id of the change */

/** @type {Map<string, string>} the change that takes more, by the path of the images */
const open = new Map();

/**
 * Send a label as a part of the change of the labels before it.
 * @template {Answer} T
 * @param {string} images the path of the images
 * @param {(revertible: string) => Promise<T>} send
 * @returns {Promise<T>}
 */
export async function sendAsPart(images, send) {
  const sent = await send(open.get(images) ?? 'true');
  // The service begins another one when a change takes no more.
  if (sent.change) open.set(images, sent.change);
  return sent;
}
