// The keys that act on shapes, before those of the view below.

import { isWriting } from '../page/keys.js';
import { lookUp } from '../parts/look-up.js';
import { useLayoutEffect, useRef } from '../vendor/preact-htm.js';
import { boxOf, moved, withCorners } from './shapes.js';
import { editing, hidden } from './tools.js';

/** @import { Point, Turning } from '../pictures/turning.js' */
/** @import { ShapeActions } from './shape-layer.js' */
/** @import { Shape } from './shapes.js' */
/** @import { ShapeTaker } from './taking.js' */
/** @import { Tool } from './tools.js' */

/**
 * @typedef {object} Keyed what keys act on
 * @property {boolean} isOn
 * @property {Shape | undefined} chosen
 * @property {ShapeTaker} taker
 * @property {Turning} turning
 * @property {ShapeActions} actions
 */

const LARGE_STEP = 10;
/** @type {Record<string, Point>} */
const ARROWS = {
  arrowleft: { x: -1, y: 0 }, arrowright: { x: 1, y: 0 }, arrowup: { x: 0, y: -1 }, arrowdown: { x: 0, y: 1 },
};
/** @type {Record<string, Tool>} */
const TOOLS = { v: 'select', r: 'boxes', p: 'polygons', d: 'points' };

/**
 * Hear the keys of shapes.
 * @param {Keyed} keyed
 */
export function useShapeKeys(keyed) {
  const current = useRef(keyed);
  current.current = keyed;
  useLayoutEffect(() => {
    const down = (/** @type {KeyboardEvent} */ event) => {
      if (event.defaultPrevented || isWriting(event) || event.metaKey) return;
      if (act(event, current.current)) event.preventDefault();
    };
    // Before the view hears it.
    addEventListener('keydown', down, { capture: true });
    return () => removeEventListener('keydown', down, { capture: true });
  }, []);
}

/**
 * @param {KeyboardEvent} event
 * @param {Keyed} keyed
 * @returns {boolean} whether the key meant something
 */
function act(event, keyed) {
  const key = event.key.toLowerCase();
  if (key === 'h' && !event.ctrlKey && !event.altKey) return done(() => { hidden.value = !hidden.value; });
  if (!keyed.isOn) return false;
  const { chosen, taker, actions } = keyed;
  const arrow = lookUp(ARROWS, key);
  // Else they lead to other images.
  const isInBar = document.activeElement?.closest('.shape-bar');
  if (arrow && chosen && isInBar) return done(() => push(event, arrow, chosen, keyed));
  if (event.ctrlKey || event.altKey) return false;
  const tool = lookUp(TOOLS, key);
  if (tool) return done(() => { editing.value = tool; });
  if (taker.begun.length) {
    const action = lookUp({
      enter: () => taker.finish(), escape: () => taker.takeBack(true), backspace: () => taker.takeBack(),
    }, key);
    return done(action);
  }
  if (key === 'delete' || key === 'backspace') return done(() => chosen && actions.remove(chosen));
  if (key === 'enter' && !isOnButton(event)) return done(() => enter(keyed));
  return key === 'escape' && done(() => leave(keyed));
}

/** @param {Keyed} keyed */
function enter({ chosen, actions }) {
  /** @type {HTMLElement | null} */
  const label = document.querySelector('.shape-label input');
  if (chosen) label?.focus();
  else if (editing.value && editing.value !== 'select') actions.add(editing.value);
}

/** @param {Keyed} keyed */
function leave({ chosen, taker, actions }) {
  if (taker.live) taker.cancel();
  else if (chosen) actions.choose(null);
  else editing.value = editing.value === 'select' ? '' : 'select';
}

/** @param {KeyboardEvent} event */
function isOnButton({ target }) {
  return target instanceof Element && target.closest('button, a') !== null;
}

/** @param {(() => unknown) | undefined} action */
function done(action) {
  action?.();
  return Boolean(action);
}

/**
 * @param {KeyboardEvent} event
 * @param {Point} arrow as it is seen
 * @param {Shape} shape
 * @param {Keyed} keyed
 */
function push({ shiftKey, altKey }, arrow, shape, { turning, actions }) {
  const step = shiftKey ? LARGE_STEP : 1;
  const from = turning.toStored({ x: 0, y: 0 });
  const to = turning.toStored({ x: arrow.x * step, y: arrow.y * step });
  const by = { x: to.x - from.x, y: to.y - from.y };
  const corners = altKey && shape.kind === 'boxes' ? grown(shape.corners, by, turning) : moved(shape.corners, by, turning.stored);
  actions.change(shape, (member) => withCorners(shape.kind, member, corners), true);
}

/**
 * @param {Point[]} corners
 * @param {Point} by
 * @param {Turning} turning
 */
function grown(corners, by, { stored }) {
  const { x, y, w, h } = boxOf(corners);
  const right = Math.min(Math.max(stored.width, x + w), Math.max(x + 1, x + w + by.x));
  const bottom = Math.min(Math.max(stored.height, y + h), Math.max(y + 1, y + h + by.y));
  return [{ x, y }, { x: right, y: bottom }];
}
