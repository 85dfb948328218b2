// The picture of the full view: zoomed, moved, and its brightness windowed.

import { t } from '../parts/words.js';
import { brightness, drawWindow } from '../pictures/deep-picture.js';
import { fullPicture, placeholder } from '../pictures/full-picture.js';
import { Levels, windowFilter } from '../pictures/levels.js';
import { html, useEffect, useLayoutEffect, useRef, useState } from '../vendor/preact-htm.js';
import { useGestures } from './gestures.js';
import { Zoom } from './zoom.js';

/** @import { ImageDocument } from '../parts/values.js' */
/** @import { Brightness, DeepPicture, Range } from '../pictures/deep-picture.js' */
/** @import { FullPicture } from '../pictures/full-picture.js' */
/** @import { Ref } from '../vendor/preact-htm.js' */
/** @import { Point } from './zoom.js' */

const CRISP_FROM = 2;
const STEP = 1.4;
/** @typedef {Record<string, () => void>} Controls what buttons and keys can do */

/** @type {Brightness} */
const WHOLE = { bounds: [0, 1], window: [0, 1] };

/**
 * The picture of a document; `controls` is given what buttons and keys can do.
 * @param {{ collection: string, document: ImageDocument, controls: Ref<Controls>, levels: boolean }} props
 */
export function Stage({ collection, document, controls, levels }) {
  const { picture, error } = useFullPicture(collection, document);
  const [chosen, setChosen] = useState(/** @type {Range | null} */ (null));
  const [ready, setReady] = useState('');
  /** @type {Ref<HTMLElement>[]} */
  const [box, layer, readout] = [useRef(), useRef(), useRef()];
  const zoom = useZoom(box, layer, controls);
  const deep = picture?.deep;
  const known = knownBrightness(picture);
  const shownWindow = chosen ?? known.window;
  /** @type {(width: number, height: number) => void} */
  const placed = (width, height) => { zoom.setPicture({ width, height }); setReady(document._id); };
  /** @param {Point | null} point */
  const pointed = (point) => { readout.current.textContent = point ? readPixel(zoom, point, deep) : ''; };
  /** @param {{ target: HTMLImageElement }} event */
  const loaded = ({ target }) => placed(target.naturalWidth, target.naturalHeight);
  useGestures(box, zoom, pointed);
  const isReady = ready === document._id && picture;
  const before = placeholder(collection, document._id);

  return html`
    <div class="stage" ref=${box}>
      ${!isReady && before && html`<img class="before" src=${before} alt="" draggable=${false} />`}
      <div class=${`layer ${isReady ? '' : 'hidden'}`} ref=${layer}>
        ${deep && html`<${DeepCanvas} deep=${deep} range=${shownWindow} alt=${document.image} onReady=${placed} />`}
        ${picture?.src && html`
          <img key=${picture.src} src=${picture.src} alt=${document.image} draggable=${false}
            style=${{ filter: windowFilter(shownWindow) }}
            onLoad=${loaded}
            onError=${() => setReady('')} />`}
      </div>
      ${!isReady && html`<p class="stage-note" role="status">${error ? error.message : t('loading')}</p>`}
      ${isReady && picture.kind === 'preview' && html`<p class="stage-note">${whyPreview(document)}</p>`}
      <output class="readout" ref=${readout}></output>
      ${levels && html`
        <${Levels} range=${shownWindow} bounds=${known.bounds} most=${deep?.most ?? 255} automatic=${deep && (() => setChosen(null))}
          onChange=${setChosen} />`}
    </div>`;
}

/** @param {ImageDocument} document */
function whyPreview({ _file }) {
  return t(_file?.type === 'image/svg+xml' ? 'previewSafe' : 'previewOnly');
}

/** @param {FullPicture | undefined} picture */
function knownBrightness(picture) {
  if (!picture?.deep) return WHOLE;
  picture.brightness ??= brightness(picture.deep);
  return picture.brightness;
}

/**
 * @param {Zoom} zoom
 * @param {Point} point
 * @param {DeepPicture | undefined} deep
 */
function readPixel(zoom, point, deep) {
  const pixel = zoom.pixelAt(point);
  if (!pixel) return '';
  const place = `${pixel.column}, ${pixel.row}`;
  if (!deep) return place;
  const at = (pixel.row * deep.width + pixel.column) * deep.channels;
  return `${place} = ${[...deep.pixels.subarray(at, at + deep.channels)].join(', ')}`;
}

/**
 * @param {string} collection
 * @param {ImageDocument} document
 */
function useFullPicture(collection, document) {
  const [found, setFound] = useState(/** @type {{ id?: string, picture?: FullPicture, error?: Error }} */ ({}));
  useEffect(() => {
    let here = true;
    const { _id: id } = document;
    fullPicture(collection, document).then(
      (picture) => here && setFound({ id, picture }),
      (error) => here && setFound({ id, error }),
    );
    return () => { here = false; };
  }, [collection, document._id]);
  return found.id === document._id ? found : {};
}

/**
 * @param {Ref<HTMLElement>} box
 * @param {Ref<HTMLElement>} layer
 * @param {Ref<Controls>} controls
 */
function useZoom(box, layer, controls) {
  /** @type {Ref<Zoom>} */
  const zoom = useRef();
  zoom.current ??= new Zoom(({ scale, x, y, isFitted }) => {
    const { style } = layer.current;
    style.transform = `translate(${x}px, ${y}px) scale(${scale})`;
    // Whoever has zoomed in wants to see the pixels as they are.
    const crisp = !isFitted && scale * devicePixelRatio >= CRISP_FROM;
    style.imageRendering = crisp ? 'pixelated' : 'auto';
  });
  useLayoutEffect(() => {
    const { current } = zoom;
    const measure = () => current.setBox({ width: box.current.clientWidth, height: box.current.clientHeight });
    const observer = new ResizeObserver(measure);
    observer.observe(box.current);
    measure();
    controls.current = {
      fit: () => current.fit(), pixels: () => current.pixels(),
      zoomIn: () => current.by(STEP), zoomOut: () => current.by(1 / STEP),
    };
    return () => observer.disconnect();
  }, []);
  return zoom.current;
}

/**
 * @param {{ deep: DeepPicture, range: Range, alt: string,
 *   onReady: (width: number, height: number) => void }} props
 */
function DeepCanvas({ deep, range, alt, onReady }) {
  /** @type {Ref<HTMLCanvasElement>} */
  const canvas = useRef();
  useLayoutEffect(() => { drawWindow(canvas.current, deep, range); }, [deep, ...range]);
  useLayoutEffect(() => onReady(deep.width, deep.height), [deep]);
  return html`<canvas ref=${canvas} role="img" aria-label=${alt}></canvas>`;
}
