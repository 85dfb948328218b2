// A thumbnail that is fetched when it is drawn, and not any more when it is gone.

import { health } from '../parts/health.js';
import { Icon } from '../parts/icons.js';
import { lookUp } from '../parts/look-up.js';
import { t } from '../parts/words.js';
import { html, useEffect, useState } from '../vendor/preact-htm.js';
import { cachedPicture, wantPicture } from './pictures.js';

/** @import { IconName } from '../parts/icons.js' */
/** @import { Picture } from './pictures.js' */

/** @type {Record<string, IconName>} each state in which there is no picture, with its own */
const STAND_INS = { missing: 'gone', damaged: 'broken', failed: 'away', unavailable: 'document' };

/**
 * The picture of a path, or what stands in for it and says why there is none.
 * @param {{ path?: string }} props
 */
export function Thumbnail({ path }) {
  const [loaded, setLoaded] = useState(/** @type {{ path?: string, picture?: Picture }} */ ({}));
  const [tries, setTries] = useState(0);
  useEffect(() => {
    if (!path || cachedPicture(path)) return undefined;
    return wantPicture(path, (picture) => setLoaded({ path, picture }));
  }, [path, tries]);
  const picture = (loaded.path === path ? loaded.picture : null) ?? cachedPicture(path ?? '');
  const hasFailed = picture?.state === 'failed';
  useEffect(() => (
    hasFailed ? health.watch(({ away }) => away || setTries(tries + 1)) : undefined), [hasFailed, tries]);
  const standIn = lookUp(STAND_INS, picture?.state ?? '');
  if (standIn) {
    const words = t(`picture_${picture?.state}`);
    return html`
      <span class=${`picture stand-in ${picture?.state}`} title=${words}>
        <${Icon} name=${standIn} /><span>${words}</span></span>`;
  }
  return html`
    <img class="picture" alt="" draggable=${false} decoding="async" src=${picture?.src || undefined} />`;
}
