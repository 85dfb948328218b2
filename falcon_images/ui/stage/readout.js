// Where the pointer is, in pixels as they are stored, and the values there.

import { PixelValues } from '../pictures/pixel-values.js';
import { html, useEffect, useReducer, useRef } from '../vendor/preact-htm.js';

/** @import { Watched } from '../parts/watched.js' */
/** @import { FullPicture } from '../pictures/full-picture.js' */
/** @import { Turning } from '../pictures/turning.js' */
/** @import { Point, Zoom } from './zoom.js' */

/**
 * The line in the corner of a picture; empty beside it.
 * @param {{ picture: FullPicture, turning: Turning, zoom: Zoom,
 *   pointing: Watched<Point | null> }} props
 */
export function Readout({ picture, turning, zoom, pointing }) {
  const point = pointing.use();
  const [, draw] = useReducer((/** @type {number} */ times) => times + 1, 0);
  const values = useRef(/** @type {PixelValues | null} */ (null));
  if (values.current?.picture !== picture) {
    values.current?.close();
    values.current = new PixelValues(picture, () => draw());
  }
  useEffect(() => () => values.current?.close(), []);
  return html`<output class="readout">${point && textAt(zoom.placeAt(point), turning, values.current)}</output>`;
}

/**
 * @param {Point} place
 * @param {Turning} turning
 * @param {PixelValues} values
 */
function textAt(place, turning, values) {
  const { width, height } = turning.shown;
  if (place.x < 0 || place.y < 0 || place.x >= width || place.y >= height) return '';
  // The middle of the pixel, so that a turned edge is no other pixel's.
  const stored = turning.toStored({ x: Math.floor(place.x) + 0.5, y: Math.floor(place.y) + 0.5 });
  const where = `${Math.floor(stored.x)}, ${Math.floor(stored.y)}`;
  const found = values.at(place);
  return found.length ? `${where} = ${found.join(', ')}` : where;
}
