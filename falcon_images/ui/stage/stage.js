// The picture of the full view: zoomed, moved, and its brightness windowed.

import { health } from '../parts/health.js';
import { Watched } from '../parts/watched.js';
import { t } from '../parts/words.js';
import { brightness, drawWindow } from '../pictures/deep-picture.js';
import { placeholder } from '../pictures/full-picture.js';
import { Levels, windowFilter } from '../pictures/levels.js';
import { Turning } from '../pictures/turning.js';
import { useFullPicture } from '../pictures/use-full-picture.js';
import { html, useEffect, useLayoutEffect, useMemo, useRef, useState } from '../vendor/preact-htm.js';
import { useGestures } from './gestures.js';
import { Readout } from './readout.js';

/** @import { ImageDocument } from '../parts/values.js' */
/** @import { Brightness, DeepPicture, Range } from '../pictures/deep-picture.js' */
/** @import { FullPicture } from '../pictures/full-picture.js' */
/** @import { Ref, VNode } from '../vendor/preact-htm.js' */
/** @import { Taker } from './gestures.js' */
/** @import { Point, Size, Zoom } from './zoom.js' */

const CRISP_FROM = 2;
const LYING = 5;

/** @type {Brightness} */
const WHOLE = { bounds: [0, 1], window: [0, 1] };

/** @typedef {{ zoom: Zoom, turning: Turning, taker: Ref<Taker | null> }} Ground what lies below an overlay */
/** @typedef {(size: Size, stretched?: number) => void} Placing its size, and how much smaller it came */
/** @typedef {{ id: string, size: Size }} Placed the size in which a picture is shown */

/**
 * The picture of a document, and an `overlay` on it once it is here.
 * @param {{ collection: string, document: ImageDocument | undefined, zoom: Zoom, levels: boolean,
 *   onPlaced?: () => void, overlay?: (ground: Ground) => VNode }} props
 */
export function Stage({ collection, document, zoom, levels, onPlaced = () => {}, overlay }) {
  const { picture, error, again } = useFullPicture(collection, document);
  const [chosen, setChosen] = useState(/** @type {{ id?: string, range: Range } | null} */ (null));
  const [ready, setReady] = useState(/** @type {Placed | null} */ (null));
  const [broken, setBroken] = useState('');
  /** @type {Ref<HTMLElement>[]} */
  const [box, layer] = [useRef(), useRef()];
  const pointing = useMemo(() => new Watched(/** @type {Point | null} */ (null)), []);
  const taker = useRef(/** @type {Taker | null} */ (null));
  const id = document?._id ?? '';
  const stretch = useRef(1);
  useZoomed(zoom, box, layer, stretch);
  useGestures(box, zoom, (point) => { pointing.value = point; }, taker);
  const known = knownBrightness(picture);
  const range = chosen?.id === id ? chosen.range : known.window;
  /** @type {Placing} */
  const placed = (size, stretched = 1) => {
    stretch.current = stretched;
    zoom.setPicture(size);
    setReady({ id, size });
    onPlaced();
  };
  const isReady = Boolean(picture) && ready?.id === id;
  const turning = useTurning(document, isReady ? picture : undefined, ready);
  // It is fitted, and so is nothing to look at where somebody has zoomed in.
  const before = zoom.isFitted && placeholder(collection, id);
  return html`
    <div class="stage-frame">
      <div class="stage" ref=${box}>
        ${!isReady && before && html`<img class="before" src=${before} alt="" draggable=${false} />`}
        <div class=${`layer ${isReady ? '' : 'hidden'}`} ref=${layer}>
          ${document && picture && html`
            <${Picture} picture=${picture} document=${document} range=${range} onReady=${placed} onBroken=${() => setBroken(id)} />`}
        </div>
        ${!isReady && html`<${Waiting} error=${error} isBroken=${Boolean(id) && broken === id} onAgain=${again} />`}
        ${isReady && picture?.kind === 'preview' && html`<p class="stage-note">${whyPreview(document)}</p>`}
        ${turning && picture && html`<${Readout} picture=${picture} turning=${turning} zoom=${zoom} pointing=${pointing} />`}
        ${levels && html`
          <${Levels} range=${range} bounds=${known.bounds} most=${picture?.deep?.most ?? 255}
            automatic=${picture?.deep && (() => setChosen(null))} onChange=${(/** @type {Range} */ next) => setChosen({ id, range: next })} />`}
      </div>
      ${turning && overlay?.({ zoom, turning, taker })}
    </div>`;
}

/**
 * Why there is no picture yet.
 * @param {{ error?: Error, isBroken: boolean, onAgain: () => void }} props
 */
function Waiting({ error, isBroken, onAgain }) {
  const { away } = health.use();
  if (isBroken) return html`<p class="stage-note" role="alert">${t('pictureBroken')}</p>`;
  if (away) return html`<p class="stage-note" role="status">${t('pictureWhenBack')}</p>`;
  if (!error) return html`<p class="stage-note" role="status">${t('loading')}</p>`;
  return html`
    <p class="stage-note on-stage" role="alert">${t('pictureFailed', { why: error.message })}${' '}
      <button class="small" onClick=${onAgain}>${t('tryAgain')}</button></p>`;
}

/** @param {ImageDocument | undefined} document */
function whyPreview(document) {
  return t(document?._file?.type === 'image/svg+xml' ? 'previewSafe' : 'previewOnly');
}

/**
 * @param {{ picture: FullPicture, document: ImageDocument, range: Range,
 *   onReady: Placing, onBroken: () => void }} props
 */
function Picture({ picture, document, range, onReady, onBroken }) {
  const { deep, src } = picture;
  if (deep) return html`<${DeepCanvas} deep=${deep} range=${range} alt=${document.image} onReady=${onReady} />`;
  /** @param {{ target: HTMLImageElement }} event */
  const loaded = ({ target: { naturalWidth: width, naturalHeight: height } }) => {
    const size = uprightSize(document, picture) ?? { width, height };
    onReady(size, size.width / width);
  };
  return html`
    <img key=${src} src=${src} alt=${document.image} draggable=${false}
      style=${{ filter: windowFilter(range) }} onLoad=${loaded} onError=${onBroken} />`;
}

/**
 * The size of what a preview stands for.
 * @param {ImageDocument} document
 * @param {FullPicture} picture
 * @returns {Size | null}
 */
function uprightSize({ _file }, { kind, head }) {
  const { width, height } = _file ?? {};
  if (kind !== 'preview' || !width || !height) return null;
  return new Turning({ width, height }, head.orientation).shown;
}

/**
 * @param {ImageDocument | undefined} document
 * @param {FullPicture | undefined} picture
 * @param {Placed | null} placed
 */
function useTurning(document, picture, placed) {
  return useMemo(() => {
    if (!picture || !placed) return null;
    const { width, height } = placed.size;
    const { orientation } = picture.head;
    const isLying = orientation >= LYING;
    // What the browser has not turned, although its file says so, is shown as it is stored.
    const asStored = isLying && width === document?._file?.width && width !== height;
    if (asStored || !isLying) return new Turning({ width, height }, asStored ? 1 : orientation);
    return new Turning({ width: height, height: width }, orientation);
  }, [picture, placed]);
}

/** @param {FullPicture | undefined} picture */
function knownBrightness(picture) {
  if (!picture?.deep) return WHOLE;
  picture.brightness ??= brightness(picture.deep);
  return picture.brightness;
}

/**
 * @param {Zoom} zoom
 * @param {Ref<HTMLElement>} box
 * @param {Ref<HTMLElement>} layer
 * @param {Ref<number>} stretch how much larger than it is the picture stands for
 */
function useZoomed(zoom, box, layer, stretch) {
  useEffect(() => zoom.watch(({ scale, x, y, isFitted, part }) => {
    const { style } = layer.current;
    style.transform = `translate(${x}px, ${y}px) scale(${scale * stretch.current})`;
    // Whoever has zoomed in wants to see the pixels as they are.
    style.imageRendering = !isFitted && part >= CRISP_FROM ? 'pixelated' : 'auto';
  }), [zoom]);
  useLayoutEffect(() => {
    const measure = () => zoom.setBox({ width: box.current.clientWidth, height: box.current.clientHeight });
    const observer = new ResizeObserver(measure);
    observer.observe(box.current);
    measure();
    return () => observer.disconnect();
  }, [zoom]);
}

/**
 * @param {{ deep: DeepPicture, range: Range, alt: string, onReady: Placing }} props
 */
function DeepCanvas({ deep, range, alt, onReady }) {
  /** @type {Ref<HTMLCanvasElement>} */
  const canvas = useRef();
  useLayoutEffect(() => { drawWindow(canvas.current, deep, range); }, [deep, ...range]);
  useLayoutEffect(() => onReady({ width: deep.width, height: deep.height }), [deep]);
  return html`<canvas ref=${canvas} role="img" aria-label=${alt}></canvas>`;
}
