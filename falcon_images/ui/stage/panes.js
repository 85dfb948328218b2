// The open image, or up to four that are compared, side by side and in step.

import { Badge } from '../labels/labels.js';
import { Icon } from '../parts/icons.js';
import { valueAt } from '../parts/values.js';
import { t } from '../parts/words.js';
import { html, useRef } from '../vendor/preact-htm.js';
import { useImage } from '../viewer/neighbors.js';
import { MOST_COMPARED } from './comparing.js';
import { Stage } from './stage.js';
import { Zoom } from './zoom.js';

/** @import { ImageDocument } from '../parts/values.js' */
/** @import { VNode } from '../vendor/preact-htm.js' */
/** @import { Ground } from './stage.js' */

/**
 * @typedef {object} PanesProps
 * @property {string} collection
 * @property {string[]} ids
 * @property {string} open the id of the one that keys act on
 * @property {ImageDocument} [document] that of this one
 * @property {Zoom[]} zooms one for each place
 * @property {string} label
 * @property {number} version
 * @property {boolean} levels
 * @property {(document: ImageDocument, isOpen: boolean) => ((ground: Ground) => VNode)} overlayOf
 * @property {(id: string) => void} onOpen
 * @property {(id: string) => void} onRemove
 * @property {() => void} onAdd
 */

/**
 * The zooms of all places; what a person does to one, those beside it do too.
 * @param {number} count how many places are shown
 */
export function useZooms(count) {
  const zooms = useRef(/** @type {Zoom[]} */ ([]));
  const shown = useRef(count);
  shown.current = count;
  if (!zooms.current.length) {
    const all = Array.from({ length: MOST_COMPARED }, () => new Zoom());
    for (const zoom of all) {
      zoom.onUse = () => {
        for (const other of all.slice(0, shown.current)) if (other !== zoom) other.follow(zoom);
      };
    }
    zooms.current = all;
  }
  return zooms.current;
}

/** @param {PanesProps} props */
export function Panes(props) {
  const { ids } = props;
  return html`
    <div class=${`panes of-${ids.length}`}>
      ${ids.map((id, place) => html`<${Pane} key=${place} ...${props} id=${id} place=${place} />`)}
    </div>`;
}

/** @param {PanesProps & { id: string, place: number }} props */
function Pane({ id, place, ...props }) {
  const { collection, ids, open, zooms, levels, version, overlayOf, onOpen } = props;
  const isOpen = id === open;
  const isAlone = ids.length === 1;
  // What was changed while it was the open one is seen afterwards too.
  const own = useImage(collection, isAlone ? '' : id, `${version} ${isOpen}`);
  const document = isOpen && props.document ? props.document : own.document;
  const zoom = zooms[place];
  const follow = () => { if (!isAlone) zoom.follow(zooms[place ? 0 : 1]); };
  return html`
    <section class=${`pane ${isOpen ? 'open' : ''}`} aria-label=${isAlone ? undefined : document?.image ?? t('picture')}
      onClick=${() => isOpen || onOpen(id)}>
      ${!isAlone && html`<${PaneHead} ...${props} id=${id} document=${document} />`}
      <div class="pane-stage">
        <${Stage} collection=${collection} document=${document} zoom=${zoom} levels=${levels && isOpen}
          onPlaced=${follow} overlay=${document && overlayOf(document, isOpen)} />
      </div>
    </section>`;
}

/** @param {PanesProps & { id: string }} props */
function PaneHead({ id, ids, open, document, label, onOpen, onRemove, onAdd }) {
  const isLast = ids.at(-1) === id;
  const name = document?.image ?? '…';
  const act = (/** @type {() => void} */ action) => (/** @type {Event} */ event) => {
    event.stopPropagation();
    action();
  };
  return html`
    <div class="pane-head">
      <button class="pane-name" aria-pressed=${String(id === open)} title=${name} onClick=${act(() => onOpen(id))}>
        <span class="name">${name}</span></button>
      <${Badge} value=${label ? valueAt(document, label) : undefined} />
      <span class="space"></span>
      ${isLast && ids.length < MOST_COMPARED && html`
        <button class="icon" aria-label=${t('compareMore')} title=${`${t('compareMore')} (C)`} onClick=${act(onAdd)}>
          <${Icon} name="plus" /></button>`}
      <button class="icon" aria-label=${t('compareWithout', { name })} title=${t('compareWithout', { name })}
        onClick=${act(() => onRemove(id))}><${Icon} name="close" /></button>
    </div>`;
}
