// A thumbnail that is fetched when it is drawn, and not any more when it is gone.

import { html, useEffect, useState } from '../vendor/preact-htm.js';
import { cachedPicture, wantPicture } from './pictures.js';

/** @import { Picture } from './pictures.js' */

/**
 * The picture of a path; what is damaged or cannot be fetched is shown as such.
 * @param {{ path?: string }} props
 */
export function Thumbnail({ path }) {
  const [loaded, setLoaded] = useState(/** @type {{ path?: string, picture?: Picture }} */ ({}));
  useEffect(() => {
    if (!path || cachedPicture(path)) return undefined;
    return wantPicture(path, (picture) => setLoaded({ path, picture }));
  }, [path]);
  const picture = (loaded.path === path ? loaded.picture : null) ?? cachedPicture(path ?? '');
  const broken = picture?.state === 'damaged' || picture?.state === 'failed';
  return html`
    <img class=${broken ? 'picture broken' : 'picture'} alt="" draggable=${false} decoding="async"
      src=${picture?.src || undefined} />`;
}
