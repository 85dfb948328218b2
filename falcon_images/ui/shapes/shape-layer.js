// The shapes of one image over its picture, to be looked at and changed.

import { toast } from '../parts/toasts.js';
import { t } from '../parts/words.js';
import { html, useEffect, useLayoutEffect, useRef, useState } from '../vendor/preact-htm.js';
import { keepOpenWhile } from '../viewer/drafts.js';
import { useEdited } from './edited.js';
import { usePainting } from './painting.js';
import { ShapeBar } from './shape-bar.js';
import { useShapeKeys } from './shape-keys.js';
import { isChosen, newMember, shapesOf, withCorners } from './shapes.js';
import { cornersAround, ShapeTaker } from './taking.js';
import { editing, hidden, nextLabel } from './tools.js';

/** @import { ImageDocument } from '../parts/values.js' */
/** @import { Point } from '../pictures/turning.js' */
/** @import { Save } from '../viewer/saving.js' */
/** @import { Ground } from '../stage/stage.js' */
/** @import { Edited } from './edited.js' */
/** @import { Chosen, Kind, Members, Shape } from './shapes.js' */

/** A shape that nobody has drawn reaches over this part of the stage. */
const REACH_PART = 0.12;

/**
 * @typedef {object} ShapeActions
 * @property {(chosen: Chosen | null) => void} choose
 * @property {(shape: Chosen | null, kind: Kind, corners: Point[]) => void} draw
 * @property {(shape: Chosen, change: (member: any) => any, isTyping?: boolean) => void} change
 * @property {(shape: Chosen) => void} remove
 * @property {(kind: Kind) => void} add one in the middle of what is seen
 */

/**
 * The shapes of a document; without `save` they cannot be changed.
 * @param {Ground & { document: ImageDocument, save: Save | null }} props
 */
export function ShapeLayer({ document, save, zoom, turning, taker }) {
  const tool = editing.use();
  const isHidden = hidden.use();
  const canvas = useRef(/** @type {any} */ (null));
  const [chosen, choose] = useState(/** @type {Chosen | null} */ (null));
  const edited = useEdited(document, save);
  const shapes = shapesOf(edited.members);
  const own = useRef(/** @type {ShapeTaker | null} */ (null));
  const isEdited = Boolean(tool && save);
  const scene = () => ({
    shapes: isHidden ? [] : withLive(shapes, own.current), chosen: isEdited ? chosen : null, hasHandles: isEdited,
    begun: own.current?.begun ?? [],
  });
  const paint = usePainting(canvas, zoom, turning, scene);
  const actions = actionsOn(edited, choose, (kind) => {
    const { clientWidth: width, clientHeight: height } = canvas.current;
    const middle = turning.toStored(zoom.placeAt({ x: width / 2, y: height / 2 }));
    return cornersAround(kind, middle, (Math.min(width, height) * REACH_PART) / zoom.scale, turning);
  });
  const now = { shapes, chosen, tool, zoom, turning, onChoose: choose, onDrawn: actions.draw, onMoved: paint };
  own.current ??= new ShapeTaker(now);
  own.current.now = now;
  useTaken(taker, isEdited && !isHidden ? own.current : null);
  useLayoutEffect(() => own.current?.takeBack(true), [tool]);
  useEffect(() => keepOpenWhile(() => isBegun(own.current)), []);
  const current = shapes.find((shape) => isChosen(chosen, shape));
  useShapeKeys({ isOn: isEdited, chosen: current, taker: own.current, turning, actions });
  return html`
    <canvas class="shapes" ref=${canvas} aria-hidden="true"></canvas>
    ${(isEdited || edited.problems.length > 0) && html`<${ShapeBar} shapes=${shapes} chosen=${current} edited=${edited} actions=${actions}
      onFinish=${() => own.current?.finish()} />`}`;
}

/** @param {ShapeTaker | null} taker */
function isBegun(taker) {
  if (!taker?.begun.length) return false;
  toast(t('polygonBegun'));
  return true;
}

/**
 * @param {Shape[]} shapes
 * @param {ShapeTaker | null} taker
 */
function withLive(shapes, taker) {
  const live = taker?.live;
  if (!live) return shapes;
  if (live.index < 0) return [...shapes, { ...live, label: nextLabel.value, score: null }];
  return shapes.map((shape) => (isChosen(live, shape) ? { ...shape, corners: squared(live) } : shape));
}

/** @param {{ kind: Kind, corners: Point[] }} shape whose box may have two corners only */
function squared({ kind, corners }) {
  if (kind !== 'boxes' || corners.length > 2) return corners;
  const [one, other] = corners;
  return [one, { x: other.x, y: one.y }, other, { x: one.x, y: other.y }];
}

/**
 * @param {Ground['taker']} taker
 * @param {ShapeTaker | null} own
 */
function useTaken(taker, own) {
  useLayoutEffect(() => {
    if (!own) return undefined;
    taker.current = own;
    return () => { if (taker.current === own) taker.current = null; };
  }, [own, taker]);
}

/**
 * @param {Edited} edited
 * @param {(chosen: Chosen | null) => void} choose
 * @param {(kind: Kind) => Point[]} cornersOf those of a shape that nobody has drawn
 * @returns {ShapeActions}
 */
function actionsOn({ members, change, isLocked }, choose, cornersOf) {
  const add = (/** @type {Kind} */ kind, /** @type {Point[]} */ corners) => {
    if (isLocked(kind)) return;
    change(kind, [...members[kind], newMember(kind, corners, nextLabel.value)]);
    choose({ kind, index: members[kind].length });
  };
  return {
    choose, add: (kind) => add(kind, cornersOf(kind)),
    draw: (shape, kind, corners) => {
      if (!shape) add(kind, corners);
      else change(kind, replacing(members, shape, (member) => withCorners(kind, member, corners)));
    },
    change: (shape, make, isTyping) => change(shape.kind, replacing(members, shape, make), isTyping),
    remove: ({ kind, index }) => {
      change(kind, members[kind].toSpliced(index, 1));
      choose(null);
      keepFocus();
    },
  };
}

/** The focus goes to the tool, when it was on what is no more. */
function keepFocus() {
  const bar = document.activeElement?.closest('.shape-bar');
  /** @type {HTMLElement | null | undefined} */ (bar?.querySelector('[aria-pressed=true]'))?.focus();
}

/**
 * @param {Members} members
 * @param {Chosen} shape
 * @param {(member: any) => any} make
 */
function replacing(members, { kind, index }, make) {
  return members[kind].map((member, at) => (at === index ? make(member) : member));
}
