// A rectangle drawn with the mouse, which selects what it touches.

import { useEffect, useRef, useState } from '../vendor/preact-htm.js';

/** @typedef {{ left: number, right: number, top: number, bottom: number }} Area */
/** @typedef {{ x: number, y: number }} Point */

const BEGINS_AFTER_PX = 6;
// From here to its edge and beyond, the box scrolls: the faster, the nearer.
const EDGE_PX = 36;
const MOST_A_FRAME_PX = 24;

/**
 * Let a rectangle be drawn in a box that scrolls.
 * @param {() => HTMLElement} box
 * @param {() => number} topOf where the box is in its list, in pixels
 * @param {(area: Area, event: PointerEvent) => void} onDraw called while it is drawn, with an
 *   area of the list
 * @returns {{ area: Area | null, wasDrawn: () => boolean }} the rectangle to show, or null;
 *   and whether the last click was its end
 */
export function useLasso(box, topOf, onDraw) {
  const [area, setArea] = useState(/** @type {Area | null} */ (null));
  const current = useRef({ onDraw });
  current.current.onDraw = onDraw;
  const drawn = useRef(false);

  useEffect(() => {
    const element = box();
    /** @type {Point | null} */
    let start = null;
    /** @type {PointerEvent | null} */
    let last = null;
    let frame = 0;
    const at = (/** @type {PointerEvent} */ event) => {
      const { left, top } = element.getBoundingClientRect();
      return { x: event.clientX - left, y: event.clientY - top + topOf() };
    };
    const down = (/** @type {PointerEvent} */ event) => {
      drawn.current = false;
      const onBar = event.offsetX > element.clientWidth && event.target === element;
      if (event.button || event.pointerType !== 'mouse' || onBar) return;
      start = at(event);
    };
    const move = (/** @type {PointerEvent} */ event) => {
      if (!start) return;
      if (!event.buttons) return up();
      const end = at(event);
      const far = Math.hypot(end.x - start.x, end.y - start.y) > BEGINS_AFTER_PX;
      if (!drawn.current && !far) return undefined;
      drawn.current = true;
      last = event;
      const next = between(start, end);
      setArea(next);
      current.current.onDraw(next, event);
      if (!frame) frame = requestAnimationFrame(follow);
      return undefined;
    };
    const follow = () => {
      frame = 0;
      const by = start && last ? pull(last.clientY, element.getBoundingClientRect()) : 0;
      if (!by || !last) return;
      element.scrollTop += by;
      move(last);
    };
    const up = () => { start = null; last = null; setArea(null); };
    element.addEventListener('pointerdown', down);
    addEventListener('pointermove', move);
    addEventListener('pointerup', up);
    return () => {
      element.removeEventListener('pointerdown', down);
      removeEventListener('pointermove', move);
      removeEventListener('pointerup', up);
      cancelAnimationFrame(frame);
    };
  }, []);
  return { area, wasDrawn: () => drawn.current };
}

/**
 * How far a box scrolls in a frame with the pointer at a height.
 * @param {number} y
 * @param {{ top: number, bottom: number }} box
 */
function pull(y, { top, bottom }) {
  const above = top + EDGE_PX - y;
  const below = y - (bottom - EDGE_PX);
  const by = Math.min(1, Math.max(above, below, 0) / EDGE_PX) * MOST_A_FRAME_PX;
  return above > below ? -by : by;
}

/**
 * @param {Point} one
 * @param {Point} other
 * @returns {Area}
 */
function between(one, other) {
  return {
    left: Math.min(one.x, other.x),
    right: Math.max(one.x, other.x),
    top: Math.min(one.y, other.y),
    bottom: Math.max(one.y, other.y),
  };
}
