// Shapes drawn over a picture: as thin on the screen as ever, however large the picture is.

import { colorOf } from '../labels/labels.js';
import { useEffect, useRef } from '../vendor/preact-htm.js';
import { handlesOf } from './handles.js';
import { isChosen } from './shapes.js';

/** @import { Turning } from '../pictures/turning.js' */
/** @import { Point, Zoom } from '../stage/zoom.js' */
/** @import { Ref } from '../vendor/preact-htm.js' */
/** @import { Chosen, Shape } from './shapes.js' */

/**
 * @typedef {object} Scene what is drawn
 * @property {Shape[]} shapes
 * @property {Chosen | null} chosen
 * @property {boolean} hasHandles whether the chosen one can be changed
 * @property {Point[]} begun the corners of a polygon that has no last one yet
 */

/** @typedef {{ shape: Shape, corners: Point[] }} Seen a shape and where it is on the screen */
/** @typedef {{ text: string, x: number, y: number, width: number, room: number }} Name */

/** @type {Record<string, string>} colors that stand out in any picture, those of labels brightened */
const COLORS = {
  good: '#3ddc6c', bad: '#ff6257', 'color-0': '#5aa2ff', 'color-1': '#ffb52e', 'color-2': '#c58bff',
  'color-3': '#2fd6d6', 'color-4': '#ff74b8', 'color-5': '#b6dc2f', 'color-6': '#c3ccd8', 'color-7': '#ff9d5c',
  'color-8': '#949aff', 'color-9': '#f1e24a', 'color-10': '#6fd0ff', 'color-11': '#d9b48f',
};
const UNLABELLED = '#ffffff';
const CASING = 'rgb(0 0 0 / 60%)';
const LINE_PX = 2;
const CHOSEN_PX = 3;
const CASING_PX = 2;
const POINT_PX = 5;
const HANDLE_PX = 4;
const FONT = '600 11px system-ui, sans-serif';
const TEXT_PX = 16;
const PAD_PX = 4;
// Names that are longer, or more of them, would only cover what they name.
const MOST_NAMED = 300;
const MOST_OVER = 2;
const LEAST_ROOM_PX = 20;
const MOST_WIDTHS = 5000;

/** @type {Map<string, number>} */
const widths = new Map();

/**
 * Draw a scene now, and in the next frame whenever the picture moves; returns what to call when
 * the scene has changed.
 * @param {Ref<HTMLCanvasElement>} canvas
 * @param {Zoom} zoom
 * @param {Turning} turning
 * @param {() => Scene} scene
 */
export function usePainting(canvas, zoom, turning, scene) {
  const current = useRef({ scene, turning });
  current.current = { scene, turning };
  const frame = useRef(0);
  const paint = () => {
    frame.current = 0;
    if (canvas.current) draw(canvas.current, zoom, current.current.turning, current.current.scene());
  };
  const paintSoon = () => { frame.current ||= requestAnimationFrame(paint); };
  useEffect(() => {
    const end = zoom.watch(paintSoon);
    return () => {
      end();
      cancelAnimationFrame(frame.current);
      frame.current = 0;
    };
  }, [zoom]);
  useEffect(paintSoon);
  return paintSoon;
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Zoom} zoom
 * @param {Turning} turning
 * @param {Scene} scene
 */
function draw(canvas, zoom, turning, { shapes, chosen, hasHandles, begun }) {
  const context = canvas.getContext('2d');
  if (!context) return;
  const box = prepare(canvas, context);
  const place = (/** @type {Point} */ corner) => {
    const { x, y } = turning.toShown(corner);
    return { x: zoom.x + x * zoom.scale, y: zoom.y + y * zoom.scale };
  };
  const seen = shapes.map((shape) => ({ shape, corners: shape.corners.map(place) }))
    .filter(({ corners }) => isSeen(corners, box));
  for (const { shape, corners } of seen) outline(context, shape, corners, isChosen(chosen, shape));
  nameThem(context, seen, chosen);
  const selected = hasHandles && shapes.find((shape) => isChosen(chosen, shape));
  if (selected) for (const handle of handlesOf(selected)) dot(context, place(handle.place), handle.isNew ? 0.6 : 1);
  if (begun.length) unfinished(context, begun.map(place));
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {CanvasRenderingContext2D} context
 */
function prepare(canvas, context) {
  const { clientWidth: width, clientHeight: height } = canvas;
  const [across, down] = [width, height].map((each) => Math.round(each * devicePixelRatio));
  if (canvas.width !== across || canvas.height !== down) Object.assign(canvas, { width: across, height: down });
  context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
  context.clearRect(0, 0, width, height);
  context.lineJoin = 'round';
  return { width, height };
}

/**
 * @param {Point[]} corners
 * @param {{ width: number, height: number }} box
 */
function isSeen(corners, { width, height }) {
  return corners.some(({ x }) => x > -TEXT_PX) && corners.some(({ x }) => x < width + TEXT_PX)
    && corners.some(({ y }) => y > -TEXT_PX) && corners.some(({ y }) => y < height + TEXT_PX);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Shape} shape
 * @param {Point[]} corners
 * @param {boolean} isSelected
 */
function outline(context, shape, corners, isSelected) {
  const line = isSelected ? CHOSEN_PX : LINE_PX;
  const path = pathOf(shape, corners);
  context.lineWidth = line + CASING_PX;
  context.strokeStyle = CASING;
  context.stroke(path);
  context.lineWidth = line;
  context.strokeStyle = color(shape);
  context.stroke(path);
  if (!isSelected || shape.kind === 'points') return;
  context.fillStyle = 'rgb(255 255 255 / 12%)';
  context.fill(path);
}

/**
 * @param {Shape} shape
 * @param {Point[]} corners
 */
function pathOf({ kind }, corners) {
  const path = new Path2D();
  const [{ x, y }] = corners;
  if (kind === 'points') {
    path.arc(x, y, POINT_PX, 0, 2 * Math.PI);
    path.moveTo(x, y);
    path.lineTo(x + 0.01, y);
    return path;
  }
  path.moveTo(x, y);
  for (const corner of corners.slice(1)) path.lineTo(corner.x, corner.y);
  path.closePath();
  return path;
}

/**
 * Write the names of shapes: of the chosen one first, then of those where there is room.
 * @param {CanvasRenderingContext2D} context
 * @param {Seen[]} seen
 * @param {Chosen | null} chosen
 */
function nameThem(context, seen, chosen) {
  context.font = FONT;
  context.textBaseline = 'middle';
  /** @type {Name[]} */
  const written = [];
  const first = seen.filter(({ shape }) => isChosen(chosen, shape));
  for (const each of [...first, ...seen.slice(0, MOST_NAMED)]) {
    const name = nameOf(context, each);
    const isRoom = name && !written.some((other) => meet(name, other));
    if (!name || !isRoom || (!first.includes(each) && name.width > MOST_OVER * Math.max(name.room, LEAST_ROOM_PX))) continue;
    written.push(name);
    context.fillStyle = color(each.shape);
    context.fillRect(name.x, name.y, name.width, TEXT_PX);
    context.fillStyle = '#000000';
    context.fillText(name.text, name.x + PAD_PX, name.y + TEXT_PX / 2);
  }
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Seen} seen
 * @returns {Name | null}
 */
function nameOf(context, { shape, corners }) {
  const text = spokenName(shape);
  if (!text) return null;
  const [left, right] = [Math.min, Math.max].map((end) => end(...corners.map(({ x }) => x)));
  const top = Math.min(...corners.map(({ y }) => y)) - (shape.kind === 'points' ? POINT_PX : 0);
  const y = (top < TEXT_PX ? top : top - TEXT_PX) - 1;
  const width = widthOf(context, text) + 2 * PAD_PX;
  return { text, x: left - 1, y, width, room: shape.kind === 'points' ? width : right - left };
}

/**
 * @param {Name} one
 * @param {Name} other
 */
function meet(one, other) {
  return one.x < other.x + other.width && other.x < one.x + one.width && Math.abs(one.y - other.y) < TEXT_PX;
}

/**
 * The label of a shape and how sure it is.
 * @param {Shape} shape
 */
export function spokenName({ label, score }) {
  return [label, score === null ? '' : String(Math.round(score * 100) / 100)].filter(Boolean).join(' ');
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {string} text
 */
function widthOf(context, text) {
  const known = widths.get(text);
  if (known !== undefined) return known;
  const { width } = context.measureText(text);
  if (widths.size > MOST_WIDTHS) widths.clear();
  widths.set(text, width);
  return width;
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Point} place
 * @param {number} part of the size that it has else
 */
function dot(context, { x, y }, part) {
  const size = HANDLE_PX * part;
  context.fillStyle = '#ffffff';
  context.strokeStyle = '#000000';
  context.lineWidth = 1;
  context.fillRect(x - size, y - size, 2 * size, 2 * size);
  context.strokeRect(x - size, y - size, 2 * size, 2 * size);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Point[]} corners
 */
function unfinished(context, corners) {
  const path = new Path2D();
  for (const { x, y } of corners) path.lineTo(x, y);
  for (const [width, style] of [[LINE_PX + CASING_PX, CASING], [LINE_PX, UNLABELLED]]) {
    context.lineWidth = Number(width);
    context.strokeStyle = String(style);
    context.stroke(path);
  }
  for (const corner of corners) dot(context, corner, 1);
}

/** @param {Shape} shape */
function color({ label }) {
  return label ? COLORS[colorOf(label)] : UNLABELLED;
}
