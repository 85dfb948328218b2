// Shapes drawn, moved and resized with a pointer.

import { dragged, hitAt } from './handles.js';
import { boxOf, inside, isChosen, moved } from './shapes.js';

/** @import { Point, Turning } from '../pictures/turning.js' */
/** @import { Zoom } from '../stage/zoom.js' */
/** @import { Handle } from './handles.js' */
/** @import { Chosen, Kind, Shape } from './shapes.js' */
/** @import { Tool } from './tools.js' */

/**
 * @typedef {object} Now what a pointer finds
 * @property {Shape[]} shapes
 * @property {Chosen | null} chosen
 * @property {Tool} tool
 * @property {Zoom} zoom
 * @property {Turning} turning
 * @property {(chosen: Chosen | null) => void} onChoose
 * @property {(shape: Chosen | null, kind: Kind, corners: Point[]) => void} onDrawn without a shape,
 *   a new one
 * @property {() => void} onMoved
 */
/** @typedef {{ from: Point, at: Point, shape?: Shape, handle?: Handle, isFar: boolean }} Drag */

const NEAR_PX = 7;
const NEAR_TOUCH_PX = 20;
const FAR_PX = 3;
const LEAST_CORNERS = 3;
// Where pixels are this large, parts of them are meant too.
const FINE_FROM = 8;

/** What takes pointers while shapes are edited. */
export class ShapeTaker {
  /** @type {Now} */
  now;
  /** @type {{ kind: Kind, index: number, corners: Point[] } | null} the shape that is drawn right now */
  live = null;
  /** @type {Point[]} the corners of a polygon that has no last one yet */
  begun = [];
  /** @type {Drag | null} */
  #drag = null;
  #near = NEAR_PX;

  /** @param {Now} now */
  constructor(now) {
    this.now = now;
  }

  /**
   * @param {Point} point
   * @param {PointerEvent} event
   */
  down(point, { pointerType }) {
    const { tool, chosen, onChoose } = this.now;
    const isTouch = pointerType === 'touch';
    this.#near = isTouch ? NEAR_TOUCH_PX : NEAR_PX;
    const from = this.#placeOf(point);
    const hit = this.#hitAt(point);
    if (tool === 'select' || hit?.handle) {
      onChoose(hit && { kind: hit.shape.kind, index: hit.shape.index });
      // A finger on a shape that is not chosen yet moves the picture.
      if (!hit || (isTouch && !isChosen(chosen, hit.shape))) return false;
    }
    const isHeld = tool === 'select' || hit?.handle;
    this.#drag = { from, at: point, isFar: false, ...(isHeld ? hit : {}) };
    return true;
  }

  /** @param {Point} point */
  move(point) {
    const drag = this.#drag;
    if (!drag) return;
    drag.isFar ||= Math.hypot(point.x - drag.at.x, point.y - drag.at.y) >= FAR_PX;
    if (!drag.isFar) return;
    this.live = this.#drawn(drag, this.#placeOf(point));
    this.now.onMoved();
  }

  /** @param {Point} point */
  up(point) {
    const { live } = this;
    const drag = this.#drag;
    this.cancel();
    if (live) this.#keep(live);
    else if (drag && !drag.shape) this.#click(point, drag);
  }

  cancel() {
    this.#drag = null;
    this.live = null;
    this.now.onMoved();
  }

  /** @param {Point} point */
  double(point) {
    const { tool } = this.now;
    if (this.begun.length) this.finish();
    if (tool !== 'select') return true;
    const hit = this.#hitAt(point);
    if (hit?.handle) this.#removeCorner(hit.shape, hit.handle);
    return hit !== null;
  }

  /** @param {Point} point */
  cursorAt(point) {
    const hit = this.#hitAt(point);
    if (hit?.handle) return cursorOf(hit.handle, this.now.turning);
    if (this.now.tool !== 'select') return 'crosshair';
    return hit ? 'move' : '';
  }

  /** End the polygon that was begun; it is one if it has enough corners. */
  finish() {
    const { begun } = this;
    this.begun = [];
    if (begun.length >= LEAST_CORNERS) this.now.onDrawn(null, 'polygons', begun);
    this.now.onMoved();
  }

  /** Take back the last corner, or with `all` each of them. */
  takeBack(all = false) {
    this.begun = all ? [] : this.begun.slice(0, -1);
    this.now.onMoved();
  }

  /**
   * @param {Drag} drag
   * @param {Point} to
   */
  #drawn({ from, shape, handle }, to) {
    const { tool, turning } = this.now;
    if (shape && handle) return { ...shape, corners: dragged(shape, handle, to) };
    if (shape) {
      const by = { x: to.x - from.x, y: to.y - from.y };
      return { ...shape, corners: moved(shape.corners, by, turning.stored) };
    }
    if (tool === 'boxes') return { kind: tool, index: -1, corners: [from, { x: from.x, y: to.y }, to, { x: to.x, y: from.y }] };
    return null;
  }

  /** @param {{ kind: Kind, index: number, corners: Point[] }} live */
  #keep({ kind, index, corners }) {
    const { w, h } = boxOf(corners);
    if (kind === 'boxes' && (w <= 0 || h <= 0)) return;
    this.now.onDrawn(index < 0 ? null : { kind, index }, kind, corners);
  }

  /**
   * @param {Point} point
   * @param {Drag} drag
   */
  #click(point, { from }) {
    const { tool, onDrawn, onChoose, onMoved } = this.now;
    if (tool === 'points') return onDrawn(null, tool, [from]);
    if (tool === 'boxes') {
      const hit = this.#hitAt(point);
      return onChoose(hit && { kind: hit.shape.kind, index: hit.shape.index });
    }
    const [first] = this.begun;
    const last = this.begun.at(-1);
    if (first && this.begun.length >= LEAST_CORNERS && this.#isNear(first, from)) return this.finish();
    if (!last || !this.#isNear(last, from)) this.begun = [...this.begun, from];
    return onMoved();
  }

  /**
   * @param {Shape} shape
   * @param {Handle} handle
   */
  #removeCorner({ kind, index, corners }, { corner, isNew }) {
    if (kind !== 'polygons' || isNew || corners.length <= LEAST_CORNERS) return;
    this.now.onDrawn({ kind, index }, kind, corners.toSpliced(corner, 1));
  }

  /** @param {Point} point */
  #hitAt(point) {
    const { shapes, chosen, zoom, turning } = this.now;
    return hitAt(shapes, chosen, turning.toStored(zoom.placeAt(point)), this.#near / zoom.scale);
  }

  /**
   * @param {Point} one
   * @param {Point} other
   */
  #isNear(one, other) {
    return Math.hypot(one.x - other.x, one.y - other.y) <= this.#near / this.now.zoom.scale;
  }

  /** @param {Point} point */
  #placeOf(point) {
    const { zoom, turning } = this.now;
    const { x, y } = inside(turning.toStored(zoom.placeAt(point)), turning.stored);
    const parts = zoom.part >= FINE_FROM ? 10 : 1;
    return { x: Math.round(x * parts) / parts, y: Math.round(y * parts) / parts };
  }
}

/**
 * @param {Handle} handle
 * @param {Turning} turning
 */
function cursorOf({ towards, isNew }, turning) {
  if (!towards) return isNew ? 'copy' : 'pointer';
  const [middle, there] = [{ x: 0, y: 0 }, towards].map((place) => turning.toShown(place));
  const [across, down] = [Math.round(there.x - middle.x), Math.round(there.y - middle.y)];
  if (!across || !down) return across ? 'ew-resize' : 'ns-resize';
  return across * down > 0 ? 'nwse-resize' : 'nesw-resize';
}

/**
 * Corners for a shape that nobody has drawn: in the middle of what is seen.
 * @param {Kind} kind
 * @param {Point} place
 * @param {number} reach how far they are from the place
 * @param {Turning} turning
 */
export function cornersAround(kind, place, reach, { stored }) {
  const at = (/** @type {number} */ x, /** @type {number} */ y) => {
    const { x: across, y: down } = inside({ x: place.x + x * reach, y: place.y + y * reach }, stored);
    return { x: Math.round(across), y: Math.round(down) };
  };
  if (kind === 'points') return [at(0, 0)];
  if (kind === 'polygons') return [at(0, -1), at(1, 1), at(-1, 1)];
  return [at(-1, -1), at(1, 1)];
}
