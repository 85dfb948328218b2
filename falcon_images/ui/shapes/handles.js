// What of a shape is under the pointer, and where a drag of it leads.

import { boxOf, isChosen } from './shapes.js';

/** @import { Point } from '../pictures/turning.js' */
/** @import { Chosen, Shape } from './shapes.js' */

/**
 * @typedef {object} Handle what a shape is resized by
 * @property {Point} place
 * @property {number} corner the one that moves; of a polygon, that after which one is added
 * @property {boolean} [isNew] whether it adds a corner
 * @property {Point} [towards] of a box: -1, 0 or 1, which sides move
 */
/** @typedef {{ shape: Shape, handle?: Handle }} Hit */

/**
 * The handles of a shape.
 * @param {Shape} shape
 * @returns {Handle[]}
 */
export function handlesOf({ kind, corners }) {
  if (kind === 'points') return [];
  const own = corners.map((place, corner) => ({ place, corner }));
  if (kind === 'polygons') {
    return [...own, ...own.map(({ corner }) => ({ place: middle(corners, corner), corner, isNew: true }))];
  }
  const { x, y, w, h } = boxOf(corners);
  const sides = [-1, 0, 1];
  return sides.flatMap((right) => sides.map((down) => ({ x: right, y: down })))
    .filter((towards) => towards.x || towards.y)
    .map((towards) => ({
      place: { x: x + (w * (towards.x + 1)) / 2, y: y + (h * (towards.y + 1)) / 2 }, corner: 0, towards,
    }));
}

/**
 * The corners of a shape when one of its handles was drawn to a place.
 * @param {Shape} shape
 * @param {Handle} handle
 * @param {Point} to
 * @returns {Point[]}
 */
export function dragged({ kind, corners }, { corner, isNew, towards }, to) {
  if (kind !== 'boxes') return corners.toSpliced(isNew ? corner + 1 : corner, isNew ? 0 : 1, to);
  const { x, y, w, h } = boxOf(corners);
  const across = towards?.x ?? 0;
  const down = towards?.y ?? 0;
  return [
    { x: across < 0 ? to.x : x, y: down < 0 ? to.y : y },
    { x: across > 0 ? to.x : x + w, y: down > 0 ? to.y : y + h },
  ];
}

/**
 * What is at a place: a handle of the chosen shape, else the smallest shape there.
 * @param {Shape[]} shapes
 * @param {Chosen | null} chosen
 * @param {Point} place
 * @param {number} near how far away counts, in pixels of the image
 * @returns {Hit | null}
 */
export function hitAt(shapes, chosen, place, near) {
  const selected = shapes.find((shape) => isChosen(chosen, shape));
  const handle = selected && nearestHandle(handlesOf(selected), place, near);
  if (selected && handle) return { shape: selected, handle };
  const there = shapes.filter((shape) => isAt(shape, place, near));
  const shape = there.sort((one, other) => areaOf(one) - areaOf(other))[0];
  return shape ? { shape } : null;
}

/**
 * @param {Handle[]} handles
 * @param {Point} place
 * @param {number} near
 */
function nearestHandle(handles, place, near) {
  const far = (/** @type {Handle} */ handle) => distance(handle.place, place);
  const close = handles.filter((handle) => far(handle) <= near);
  return close.sort((one, other) => far(one) - far(other))[0];
}

/**
 * @param {Shape} shape
 * @param {Point} place
 * @param {number} near
 */
function isAt({ kind, corners }, place, near) {
  if (kind === 'points') return distance(corners[0], place) <= near;
  const isIn = contains(corners, place);
  return isIn || corners.some((corner, at) => toLine(corner, corners[(at + 1) % corners.length], place) <= near);
}

/**
 * @param {Point[]} corners
 * @param {Point} place
 */
function contains(corners, { x, y }) {
  let isIn = false;
  for (let at = 0, before = corners.length - 1; at < corners.length; before = at++) {
    const [one, other] = [corners[at], corners[before]];
    const crosses = one.y > y !== other.y > y
      && x < ((other.x - one.x) * (y - one.y)) / (other.y - one.y) + one.x;
    if (crosses) isIn = !isIn;
  }
  return isIn;
}

/** @param {Shape} shape */
function areaOf({ corners }) {
  const { w, h } = boxOf(corners);
  return w * h;
}

/**
 * @param {Point[]} corners
 * @param {number} at
 */
function middle(corners, at) {
  const [one, other] = [corners[at], corners[(at + 1) % corners.length]];
  return { x: (one.x + other.x) / 2, y: (one.y + other.y) / 2 };
}

/**
 * @param {Point} one
 * @param {Point} other
 */
function distance(one, other) {
  return Math.hypot(one.x - other.x, one.y - other.y);
}

/**
 * @param {Point} one
 * @param {Point} other
 * @param {Point} place
 */
function toLine(one, other, place) {
  const [x, y] = [other.x - one.x, other.y - one.y];
  const along = ((place.x - one.x) * x + (place.y - one.y) * y) / (x * x + y * y || 1);
  const part = Math.max(0, Math.min(1, along));
  return distance({ x: one.x + part * x, y: one.y + part * y }, place);
}
