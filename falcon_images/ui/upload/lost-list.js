// The list of files that were on their way when the page was left.

import { number, t } from '../parts/words.js';
import { html } from '../vendor/preact-htm.js';
import { forgetLost, lostFiles } from './lost-files.js';

const SHOWN = 60;

/** Which files are missing, and how they get there after all. */
export function LostList() {
  const lost = lostFiles.use();
  if (!lost.length) return null;
  return html`
    <div class="lost-files" role="alert">
      <p><strong>${t('lostFiles', { n: number(lost.length), collection: lost[0].collection })}</strong></p>
      <p class="muted">${t('lostHelp')}</p>
      <ul tabindex="0" aria-label=${t('lostList')}>
        ${lost.slice(0, SHOWN).map(({ name, folder }, index) => html`
          <li key=${index} class="name">${folder ? `${folder}/${name}` : name}</li>`)}
        ${lost.length > SHOWN && html`<li class="muted">${t('andMore', { n: number(lost.length - SHOWN) })}</li>`}
      </ul>
      <button class="small" onClick=${forgetLost}>${t('clearList')}</button>
    </div>`;
}
