// Zoom and pan with a wheel, a mouse, or one or two fingers.

import { useEffect, useRef } from '../vendor/preact-htm.js';

/** @import { Ref } from '../vendor/preact-htm.js' */
/** @import { Point, Zoom } from './zoom.js' */

const WHEEL_STEP = 0.0016;
const LINE_PX = 16;

/**
 * Let a box be zoomed and panned.
 * @param {Ref<HTMLElement>} box
 * @param {Zoom} zoom
 * @param {(point: Point | null) => void} onPoint where the pointer is
 */
export function useGestures(box, zoom, onPoint) {
  const point = useRef(onPoint);
  point.current = onPoint;
  useEffect(() => {
    const element = box.current;
    /** @type {Map<number, Point>} */
    const pointers = new Map();
    const at = (/** @type {MouseEvent} */ { clientX, clientY }) => {
      const { left, top } = element.getBoundingClientRect();
      return { x: clientX - left, y: clientY - top };
    };
    /** @type {Record<string, (event: any) => void>} */
    const heard = {
      wheel: (event) => {
        event.preventDefault();
        const lines = event.deltaMode ? LINE_PX : 1;
        zoom.by(Math.exp(-event.deltaY * lines * WHEEL_STEP), at(event));
      },
      pointerdown: (event) => {
        if (event.button || event.target.closest('.levels')) return;
        element.setPointerCapture(event.pointerId);
        pointers.set(event.pointerId, at(event));
      },
      pointermove: (event) => {
        point.current(at(event));
        if (pointers.has(event.pointerId)) drag(zoom, pointers, event.pointerId, at(event));
      },
      pointerup: ({ pointerId }) => pointers.delete(pointerId),
      pointercancel: ({ pointerId }) => pointers.delete(pointerId),
      pointerleave: () => point.current(null),
      dblclick: (event) => {
        if (event.target.closest('.levels')) return;
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
