// The keys of the view of one image.

import { labelNumber } from '../labels/pressed.js';
import { isWriting, showHelp } from '../page/keys.js';
import { lookUp } from '../parts/look-up.js';
import { undoLast } from '../parts/toasts.js';
import { useLayoutEffect, useRef } from '../vendor/preact-htm.js';

/** @import { ViewerActions } from './viewer.js' */

/**
 * Act on the keys of the view, but not while somebody writes.
 * @param {ViewerActions} actions
 * @param {boolean} on
 */
export function useViewerKeys(actions, on) {
  const current = useRef({ actions, on });
  current.current = { actions, on };
  useLayoutEffect(() => {
    const down = (/** @type {KeyboardEvent} */ event) => {
      if (!current.current.on || event.defaultPrevented || isWriting(event) || event.altKey) return;
      const action = actionOf(event, current.current.actions);
      action?.(event);
      if (action) event.preventDefault();
    };
    addEventListener('keydown', down);
    return () => removeEventListener('keydown', down);
  }, []);
}

/**
 * @param {KeyboardEvent} event
 * @param {ViewerActions} actions
 * @returns {((event: Event) => unknown) | undefined}
 */
function actionOf(event, actions) {
  const key = event.key.toLowerCase();
  if (event.ctrlKey || event.metaKey) return key === 'z' ? undoLast : undefined;
  const number = labelNumber(key);
  if (number) return (/** @type {Event} */ event) => actions.mark(number, event);
  return lookUp({
    escape: actions.close, arrowleft: actions.previous, arrowright: actions.next, i: actions.panel,
    b: actions.levels, c: actions.compareMore, s: actions.shapes, delete: actions.remove, n: actions.nextUnlabelled,
    '+': actions.zoomIn, '=': actions.zoomIn, '-': actions.zoomOut, 0: actions.fit, z: actions.pixels, '?': showHelp,
  }, key);
}
