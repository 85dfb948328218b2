// A file, saved under the name that it came with.

import { collectionPath } from '../parts/api.js';
import { currentToken } from '../service/token.js';
import { pictureBlob } from './pictures.js';

/** @import { ImageDocument } from '../parts/values.js' */

/**
 * Save an image's file; with a token, fetched first, so that no address shows it.
 * @param {string} collection
 * @param {ImageDocument | undefined} image
 */
export async function downloadImage(collection, image) {
  if (!image) return;
  const path = collectionPath(collection, 'images', image._id, 'image');
  if (!currentToken()) return save(`${path}?download=1`, '');
  const address = URL.createObjectURL(await pictureBlob(path));
  save(address, String(image.image));
  setTimeout(() => URL.revokeObjectURL(address), 60000);
}

/**
 * @param {string} address
 * @param {string} name
 */
function save(address, name) {
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
}
