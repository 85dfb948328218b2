// All collections, each with its count and its newest image.

import { collectionPath, json, readJson, send, totalOf } from '../parts/api.js';
import { health } from '../parts/health.js';
import { Notice } from '../parts/notices.js';
import { formatView, go } from '../parts/state.js';
import { moment, number, t } from '../parts/words.js';
import { Thumbnail } from '../pictures/picture.js';
import { thumbnailPath } from '../pictures/pictures.js';
import { errorTitle } from '../service/said.js';
import { openUploads, uploads } from '../upload/uploads.js';
import { html, useEffect, useState } from '../vendor/preact-htm.js';

/** @import { View } from '../parts/state.js' */
/** @import { ImageDocument } from '../parts/values.js' */

/** The page of all collections. */
export function CollectionsPage() {
  const [{ names, error }, setState] = useState(/** @type {{ names?: string[], error?: Error }} */ ({}));
  const { backAt } = health.use();
  const { finished } = uploads.use();
  useEffect(() => {
    const controller = new AbortController();
    json('/collections', { signal: controller.signal })
      .then((found) => setState({ names: found }))
      .catch((ex) => ex.name === 'AbortError' || setState({ error: ex }));
    return () => controller.abort();
  }, [backAt, finished]);
  return html`
    <main id="main" class="collections">
      <h1>${t('collections')} ${names && html`<span class="count">${number(names.length)}</span>`}</h1>
      ${error && html`<${Notice} icon="broken" failed title=${errorTitle(error)} text=${error.message} />`}
      ${!names && !error && html`<p class="muted">${t('loading')}</p>`}
      ${names?.length === 0 && html`
        <${Notice} icon="upload" title=${t('noCollections')} text=${t('dropHelp')}>
          <button class="primary" onClick=${openUploads}>${t('upload')}</button>
        </${Notice}>`}
      <ul class="cards">
        ${names?.map((name) => html`<${Card} key=${name} name=${name} version=${finished} />`)}
      </ul>
    </main>`;
}

/** @typedef {{ total?: number, isExact?: boolean, newest?: ImageDocument }} Found */

/** @param {{ name: string, version: number }} props */
function Card({ name, version }) {
  const [{ total, isExact, newest }, setFound] = useState(/** @type {Found} */ ({}));
  useEffect(() => {
    const controller = new AbortController();
    loadNewest(name, controller.signal).then(setFound).catch(() => {});
    return () => controller.abort();
  }, [name, version]);
  /** @type {View} */
  const shown = { collection: name, conditions: [], sort: '', image: '', own: {} };
  const open = (/** @type {MouseEvent} */ event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    go(shown);
  };
  return html`
    <li>
      <a class="card" href=${formatView(shown)} onClick=${open}>
        <span class="cover">
          <${Thumbnail} path=${newest && thumbnailPath(name, newest._id, 'medium')} />
        </span>
        <span class="name" title=${name}>${name}</span>
        <span class="muted">
          ${total === undefined ? '…' : t(isExact ? 'nImages' : 'moreThanN', { n: number(total) })}
          ${newest && html`<span class="when">${t('newest', { time: moment(newest.time) })}</span>`}
        </span>
      </a>
    </li>`;
}

/**
 * @param {string} name
 * @param {AbortSignal} signal
 * @returns {Promise<Found>}
 */
async function loadNewest(name, signal) {
  const path = `${collectionPath(name, 'images')}?limit=1&fields=time,image`;
  const response = await send(path, { signal });
  const [newest] = await readJson(response);
  return { ...totalOf(response), newest };
}
