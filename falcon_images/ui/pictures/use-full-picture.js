// The picture of the image that is looked at, fetched again when that failed.

import { useRetries } from '../parts/health.js';
import { useEffect, useState } from '../vendor/preact-htm.js';
import { fullPicture } from './full-picture.js';

/** @import { ImageDocument } from '../parts/values.js' */
/** @import { FullPicture } from './full-picture.js' */

/**
 * The picture of a document in full.
 * @param {string} collection
 * @param {ImageDocument | undefined} document
 * @returns {{ picture?: FullPicture, error?: Error, again: () => void }}
 */
export function useFullPicture(collection, document) {
  const [found, setFound] = useState(/** @type {{ id?: string, picture?: FullPicture, error?: Error }} */ ({}));
  const id = document?._id;
  const here = found.id === id ? found : {};
  const { turn, again } = useRetries(here.error);
  useEffect(() => {
    if (!document || here.picture) return undefined;
    let isWanted = true;
    fullPicture(collection, document).then(
      (picture) => isWanted && setFound({ id, picture }),
      (error) => isWanted && setFound({ id, error }),
    );
    return () => { isWanted = false; };
  }, [collection, id, turn]);
  return { ...here, again };
}
