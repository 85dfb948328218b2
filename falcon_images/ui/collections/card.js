// The card of a collection: its newest image, what it is, and what can be done with it.

import { Icon } from '../parts/icons.js';
import { formatView, go } from '../parts/state.js';
import { bytes, moment, number, t } from '../parts/words.js';
import { Thumbnail } from '../pictures/picture.js';
import { thumbnailPath } from '../pictures/pictures.js';
import { html, useEffect, useRef, useState } from '../vendor/preact-htm.js';

/** @import { View } from '../parts/state.js' */
/** @import { Ref } from '../vendor/preact-htm.js' */
/** @import { CardOf } from './cards.js' */

// As far below what is shown as a flick of the wheel goes.
const NEAR = '400px';

/**
 * @param {{ card: CardOf, onDescribe: () => void, onDelete: () => void }} props
 */
export function Card({ card, onDescribe, onDelete }) {
  const { name, title, description, newest } = card;
  /** @type {Ref<HTMLElement>} */
  const place = useRef();
  const near = useNear(place);
  /** @type {View} */
  const shown = { collection: name, conditions: [], sort: '', image: '', own: {} };
  const open = (/** @type {MouseEvent} */ event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    go(shown);
  };
  return html`
    <li ref=${place}>
      <a class="card" href=${formatView(shown)} onClick=${open}>
        <span class="cover">
          <${Thumbnail} path=${near && newest ? thumbnailPath(name, newest._id, 'medium') : undefined} />
        </span>
        <span class="name" title=${title ? `${title} (${name})` : name}>${title ?? name}</span>
        <span class="muted">
          ${title && html`<span class="own-name">${name}</span>`}
          ${description && html`<span class="description" title=${description}>${description}</span>`}
          <span>${sizeOf(card)}</span>
          ${newest && html`<span class="when">${t('newest', { time: moment(newest.time) })}</span>`}
        </span>
      </a>
      <span class="card-buttons">
        <button class="icon" title=${t('describe')} aria-label=${t('describeNamed', { name })} onClick=${onDescribe}>
          <${Icon} name="pencil" /></button>
        <button class="icon" title=${t('deleteCollection')} aria-label=${t('deleteNamed', { name })} onClick=${onDelete}>
          <${Icon} name="trash" /></button>
      </span>
    </li>`;
}

/** @param {CardOf} card */
function sizeOf(card) {
  const images = card.documents === null ? '…' : t('nImages', { n: number(card.documents) });
  return card.bytes === null ? images : `${images} · ${bytes(card.bytes)}`;
}

/**
 * Whether a card was ever near what is shown: its picture is fetched then.
 * @param {Ref<HTMLElement>} place
 */
function useNear(place) {
  const [near, setNear] = useState(false);
  useEffect(() => {
    const observer = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      setNear(true);
      observer.disconnect();
    }, { rootMargin: NEAR });
    observer.observe(place.current);
    return () => observer.disconnect();
  }, []);
  return near;
}
