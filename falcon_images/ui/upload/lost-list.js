// The list of files that were on their way when the page was left.

import { number, t } from '../parts/words.js';
import { html, useEffect, useState } from '../vendor/preact-htm.js';
import { forgetLost, lostFiles } from './lost-files.js';
import { goOnWithLost } from './uploads.js';

const SHOWN = 60;

/** Which files are missing, and how they get there after all. */
export function LostList() {
  const lost = lostFiles.use();
  const [canAsk, setCanAsk] = useState(false);
  const goOn = (/** @type {boolean} */ mayAsk) => goOnWithLost(mayAsk).then((found) => setCanAsk(found.canAsk && !mayAsk));
  useEffect(() => { if (lost.length) goOn(false); }, []);
  if (!lost.length) return null;
  return html`
    <div class="lost-files" role="alert">
      <p><strong>${t('lostFiles', { n: number(lost.length), collection: lost[0].collection })}</strong></p>
      <p class="muted">${t(canAsk ? 'lostGoOn' : 'lostHelp')}</p>
      <ul tabindex="0" aria-label=${t('lostList')}>
        ${lost.slice(0, SHOWN).map(({ name, folder }, index) => html`
          <li key=${index} class="name">${folder ? `${folder}/${name}` : name}</li>`)}
        ${lost.length > SHOWN && html`<li class="muted">${t('andMore', { n: number(lost.length - SHOWN) })}</li>`}
      </ul>
      <div class="buttons">
        <button class="small" onClick=${forgetLost}>${t('clearList')}</button>
        ${canAsk && html`<button class="small primary" onClick=${() => goOn(true)}>${t('goOn')}</button>`}
      </div>
    </div>`;
}
