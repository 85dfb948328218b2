// The values of a number or a date as bars, of which a part is chosen by drawing over them.

import { collectionPath, json } from '../parts/api.js';
import { moment, number, t } from '../parts/words.js';
import { html, useEffect, useRef, useState } from '../vendor/preact-htm.js';
import { barAt, barsOf, brushed } from './brush.js';
import { without } from './conditions.js';

/** @import { Condition } from '../parts/state.js' */
/** @import { Ref } from '../vendor/preact-htm.js' */
/** @import { Bin, Params } from './brush.js' */
/** @import { SetConditions } from './filters.js' */

const BINS = 24;
const HEIGHT = 44;

/** @typedef {{ bins: Bin[], estimated: boolean, others: Record<string, number> }} Counted */

/**
 * @typedef {object} HistogramProps
 * @property {string} collection
 * @property {string} name of the property
 * @property {Condition[]} conditions
 * @property {string} version another one asks again
 * @property {Params} params the names of the conditions at both ends
 * @property {SetConditions} set
 */

/** @param {HistogramProps} props */
export function Histogram({ collection, name, conditions, version, params, set }) {
  const counted = useHistogram(collection, name, without(conditions, name), version);
  const [drawn, setDrawn] = useState(/** @type {[number, number] | null} */ (null));
  const bins = counted?.bins ?? [];
  if (bins.length < 2) return null;
  const chosen = drawn ?? barsOf(conditions, params, bins);
  const most = Math.max(1, ...bins.map(({ count }) => count));
  const done = () => {
    if (drawn) set(brushed(conditions, params, bins, ...drawn));
    setDrawn(null);
  };
  return html`
    <${Brush} count=${bins.length} drawn=${drawn} onDraw=${setDrawn} onDone=${done}>
      <svg class="histogram" viewBox=${`0 0 ${bins.length * 10} ${HEIGHT}`} preserveAspectRatio="none"
        role="img" aria-label=${t('histogramOf', { name: name === 'time' ? t('stored') : name })}>
        ${bins.map((bin, index) => html`
          <g key=${index} class=${isIn(chosen, index) ? 'bar' : 'bar out'}>
            <title>${`${text(bin.from)} – ${text(bin.to)}: ${number(bin.count)}`}</title>
            <rect class="hit" x=${index * 10} y="0" width="10" height=${HEIGHT} />
            <rect x=${index * 10 + 0.8} width="8.4" y=${HEIGHT - barHeight(bin, most)} height=${barHeight(bin, most)} />
          </g>`)}
      </svg>
    </${Brush}>
    ${counted?.estimated && html`<p class="muted">${t('estimated')}</p>`}
    <${Apart} others=${counted?.others ?? {}} />`;
}

/**
 * What is in no bar; those without the property have an entry of their own.
 * @param {{ others: Record<string, number> }} props
 */
function Apart({ others }) {
  const told = Object.entries(others).filter(([kind]) => kind !== 'none');
  if (!told.length) return null;
  const list = told.map(([kind, count]) => `${number(count)} ${t(`kind_${kind}`)}`).join(', ');
  return html`<p class="muted apart">${t('countedApart', { list })}</p>`;
}

/**
 * What is drawn over: it tells from which bar to which, and when the hand lets go.
 * @param {{ count: number, drawn: [number, number] | null, onDraw: (drawn: [number, number] | null) => void,
 *   onDone: () => void, children?: any }} props
 */
function Brush({ count, drawn, onDraw, onDone, children }) {
  /** @type {Ref<HTMLElement>} */
  const place = useRef();
  const at = (/** @type {PointerEvent} */ event) => {
    const { left, width } = place.current.getBoundingClientRect();
    return barAt((event.clientX - left) / width, count);
  };
  const down = (/** @type {PointerEvent} */ event) => {
    if (event.button) return;
    place.current.setPointerCapture(event.pointerId);
    onDraw([at(event), at(event)]);
  };
  const move = (/** @type {PointerEvent} */ event) => {
    if (drawn) onDraw([drawn[0], at(event)]);
  };
  return html`
    <div class="brush" ref=${place} onPointerDown=${down} onPointerMove=${move} onPointerUp=${onDone}
      onPointerCancel=${() => onDraw(null)}>${children}</div>`;
}

/**
 * @param {string} collection
 * @param {string} name
 * @param {Condition[]} conditions
 * @param {string} version
 */
function useHistogram(collection, name, conditions, version) {
  const [counted, setCounted] = useState(/** @type {Counted | null} */ (null));
  const query = new URLSearchParams([...conditions.map(asProperty), ['field', name], ['bins', String(BINS)]]).toString();
  useEffect(() => {
    const controller = new AbortController();
    const path = `${collectionPath(collection, 'histogram')}?${query}`;
    inTurn(() => json(path, { signal: controller.signal }))
      // What cannot be counted now has no bars; the fields beside them go on.
      .then(setCounted).catch(() => {});
    return () => controller.abort();
  }, [collection, query, version]);
  return counted;
}

/** @type {Promise<unknown>} */
let last = Promise.resolve();

/**
 * Ask for one after the other: the service counts few at once, for everybody.
 * @template T
 * @param {() => Promise<T>} ask
 * @returns {Promise<T>}
 */
function inTurn(ask) {
  const answer = last.then(ask, ask);
  last = answer;
  return answer;
}

/**
 * A condition of a list, whose name may mean something else here.
 * @param {Condition} condition
 * @returns {Condition}
 */
function asProperty([name, value]) {
  return [['field', 'bins', 'by'].includes(name) ? `eq_${name}` : name, value];
}

/**
 * @param {[number, number] | null} chosen
 * @param {number} index
 */
function isIn(chosen, index) {
  if (!chosen) return true;
  return index >= Math.min(...chosen) && index <= Math.max(...chosen);
}

/**
 * @param {Bin} bin
 * @param {number} most
 */
function barHeight({ count }, most) {
  // Few are not none.
  return count ? Math.max(1.5, (count / most) * HEIGHT) : 0;
}

/** @param {any} value */
function text(value) {
  return typeof value === 'string' ? moment(value) : number(Number(Number(value).toPrecision(4)));
}
