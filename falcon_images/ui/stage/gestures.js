// Zoom and pan with a wheel, a mouse, or one or two fingers.

import { useEffect, useRef } from '../vendor/preact-htm.js';

/** @import { Ref } from '../vendor/preact-htm.js' */
/** @import { Point, Zoom } from './zoom.js' */

/**
 * @typedef {object} Taker what may take a pointer for itself, before it moves the picture
 * @property {(point: Point, event: PointerEvent) => boolean} down whether it does
 * @property {(point: Point) => void} move
 * @property {(point: Point) => void} up
 * @property {() => void} cancel
 * @property {(point: Point) => boolean} double
 * @property {(point: Point) => string} cursorAt
 */

const WHEEL_STEP = 0.0016;
const LINE_PX = 16;

/**
 * Let a box be zoomed and panned.
 * @param {Ref<HTMLElement>} box
 * @param {Zoom} zoom
 * @param {(point: Point | null) => void} onPoint where the pointer is
 * @param {Ref<Taker | null>} taker what is asked first
 */
export function useGestures(box, zoom, onPoint, taker) {
  const point = useRef(onPoint);
  point.current = onPoint;
  useEffect(() => {
    const element = box.current;
    /** @type {Map<number, Point>} */
    const pointers = new Map();
    let taken = NaN;
    const end = (/** @type {PointerEvent} */ event) => {
      pointers.delete(event.pointerId);
      if (event.pointerId !== taken) return;
      taken = NaN;
      if (event.type === 'pointerup') taker.current?.up(at(event));
      else taker.current?.cancel();
    };
    const at = (/** @type {MouseEvent} */ { clientX, clientY }) => {
      const { left, top } = element.getBoundingClientRect();
      return { x: clientX - left, y: clientY - top };
    };
    /** @type {Record<string, (event: any) => void>} */
    const heard = {
      wheel: (event) => {
        if (event.target.closest('.on-stage')) return;
        event.preventDefault();
        const lines = event.deltaMode ? LINE_PX : 1;
        zoom.by(Math.exp(-event.deltaY * lines * WHEEL_STEP), at(event));
      },
      pointerdown: (event) => {
        if (event.button || event.target.closest('.on-stage')) return;
        element.setPointerCapture(event.pointerId);
        // A second finger zooms, whatever the first one has begun.
        if (!Number.isNaN(taken)) taker.current?.cancel();
        taken = !pointers.size && taker.current?.down(at(event), event) ? event.pointerId : NaN;
        pointers.set(event.pointerId, at(event));
      },
      pointermove: (event) => {
        point.current(at(event));
        if (event.pointerId === taken) {
          pointers.set(taken, at(event));
          taker.current?.move(at(event));
        } else if (!pointers.size) element.style.cursor = taker.current?.cursorAt(at(event)) ?? '';
        else if (pointers.has(event.pointerId)) drag(zoom, pointers, event.pointerId, at(event));
      },
      pointerup: end,
      pointercancel: end,
      pointerleave: () => point.current(null),
      dblclick: (event) => {
        if (event.target.closest('.on-stage') || taker.current?.double(at(event))) return;
        if (zoom.isFitted) zoom.by(1 / devicePixelRatio / zoom.scale, at(event));
        else zoom.fit();
      },
    };
    for (const [name, listener] of Object.entries(heard)) element.addEventListener(name, listener, { passive: false });
    return () => {
      for (const [name, listener] of Object.entries(heard)) element.removeEventListener(name, listener);
    };
  }, []);
}

/**
 * @param {Zoom} zoom
 * @param {Map<number, Point>} pointers
 * @param {number} id
 * @param {Point} now
 */
function drag(zoom, pointers, id, now) {
  const before = pointers.get(id) ?? now;
  const other = [...pointers].find(([each]) => each !== id)?.[1];
  pointers.set(id, now);
  if (!other) return zoom.pan(now.x - before.x, now.y - before.y);
  const distance = (/** @type {Point} */ point) => Math.hypot(point.x - other.x, point.y - other.y) || 1;
  return zoom.by(distance(now) / distance(before), { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 });
}
