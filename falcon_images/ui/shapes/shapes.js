// Boxes, polygons and points of an image, as exports read them from its properties.

import { valueText } from '../parts/values.js';

/** @import { Point, Size } from '../pictures/turning.js' */

/** @typedef {'boxes' | 'polygons' | 'points'} Kind the name of the property too */

/**
 * @typedef {object} Shape
 * @property {Kind} kind
 * @property {number} index its place in the property
 * @property {Point[]} corners in pixels as they are stored; a point has one
 * @property {string} label
 * @property {number | null} score
 */
/** @typedef {{ kind: Kind, index: number }} Chosen which shape it is */
/** @typedef {Record<Kind, any[]>} Members what the properties have, whatever that is */

/** @type {Kind[]} */
export const KINDS = ['boxes', 'polygons', 'points'];
const LEAST_CORNERS = 3;

/**
 * The shapes of an image; what is none, such as a text for a number, is left out.
 * @param {Members} members
 * @returns {Shape[]}
 */
export function shapesOf(members) {
  return KINDS.flatMap((kind) => members[kind].flatMap((member, index) => {
    const corners = cornersOf(kind, member);
    if (!corners) return [];
    const { label, score } = member;
    return [{ kind, index, corners, label: labelText(label), score: isNumber(score) ? Number(score) : null }];
  }));
}

/**
 * Whether it is this shape.
 * @param {Chosen | null} chosen
 * @param {Chosen} shape
 */
export function isChosen(chosen, { kind, index }) {
  return chosen !== null && chosen.kind === kind && chosen.index === index;
}

/**
 * A new shape's member of its property.
 * @param {Kind} kind
 * @param {Point[]} corners of a box, two that are opposite
 * @param {string} label
 */
export function newMember(kind, corners, label) {
  const labelled = label ? { label } : {};
  if (kind === 'points') return { ...corners[0], ...labelled };
  if (kind === 'polygons') return { points: corners.map(({ x, y }) => [x, y]), ...labelled };
  return { ...boxOf(corners), ...labelled };
}

/**
 * A member with other corners; all else that it has stays.
 * @param {Kind} kind
 * @param {any} member
 * @param {Point[]} corners
 */
export function withCorners(kind, member, corners) {
  if (kind === 'points') return { ...member, ...corners[0] };
  if (kind === 'polygons') return { ...member, points: corners.map(({ x, y }) => [x, y]) };
  return { ...member, ...boxOf(corners) };
}

/**
 * A member with another label, or none.
 * @param {any} member
 * @param {string} label
 */
export function withLabel(member, label) {
  if (label) return { ...member, label };
  const { label: _, ...rest } = member;
  return rest;
}

/**
 * Corners moved by so much, but not out of the image.
 * @param {Point[]} corners
 * @param {Point} by
 * @param {Size} size
 */
export function moved(corners, by, { width, height }) {
  const [left, right] = ends(corners.map(({ x }) => x));
  const [top, bottom] = ends(corners.map(({ y }) => y));
  const x = within(by.x, Math.min(0, -left), Math.max(0, width - right));
  const y = within(by.y, Math.min(0, -top), Math.max(0, height - bottom));
  return corners.map((corner) => ({ x: corner.x + x, y: corner.y + y }));
}

/**
 * A place, or the nearest one that is in the image.
 * @param {Point} place
 * @param {Size} size
 */
export function inside({ x, y }, { width, height }) {
  return { x: within(x, 0, width), y: within(y, 0, height) };
}

/**
 * What the points of some corners are between.
 * @param {Point[]} corners
 */
export function boxOf(corners) {
  const [left, right] = ends(corners.map(({ x }) => x));
  const [top, bottom] = ends(corners.map(({ y }) => y));
  return { x: left, y: top, w: tidy(right - left), h: tidy(bottom - top) };
}

/**
 * @param {Kind} kind
 * @param {any} member
 * @returns {Point[] | null}
 */
function cornersOf(kind, member) {
  if (member === null || typeof member !== 'object') return null;
  if (kind === 'polygons') return polygonOf(member.points);
  const [x, y, w, h] = [member.x, member.y, member.w, member.h];
  if (!isNumber(x) || !isNumber(y)) return null;
  const first = { x: Number(x), y: Number(y) };
  if (kind === 'points') return [first];
  if (!isNumber(w) || !isNumber(h) || w <= 0 || h <= 0) return null;
  const last = { x: first.x + Number(w), y: first.y + Number(h) };
  return [first, { x: last.x, y: first.y }, last, { x: first.x, y: last.y }];
}

/** @param {any} points */
function polygonOf(points) {
  if (!Array.isArray(points) || points.length < LEAST_CORNERS) return null;
  const isPair = (/** @type {any} */ pair) => Array.isArray(pair) && pair.length === 2 && pair.every(isNumber);
  return points.every(isPair) ? points.map(([x, y]) => ({ x: Number(x), y: Number(y) })) : null;
}

/**
 * @param {any} value
 * @returns {boolean}
 */
function isNumber(value) {
  return typeof value === 'bigint' || Number.isFinite(value);
}

/** @param {unknown} label */
function labelText(label) {
  return label === undefined || label === null ? '' : valueText(label);
}

/** @param {number[]} values */
function ends(values) {
  return [Math.min(...values), Math.max(...values)];
}

/**
 * @param {number} value
 * @param {number} least
 * @param {number} most
 */
function within(value, least, most) {
  return Math.min(most, Math.max(least, value));
}

/** @param {number} value without the noise of a subtraction */
function tidy(value) {
  return Math.round(value * 1000) / 1000;
}
