// What is asked for faster than the service answers is done in turn, not lost.

import { useLayoutEffect, useReducer, useRef } from '../vendor/preact-htm.js';

/**
 * Actions that wait until what they need is here.
 * @param {boolean} ready whether an action can be done now
 * @param {Record<string, (value: any) => boolean>} actions each returns whether it led away, to
 *     something that may not be ready yet
 * @returns {(event: Event | undefined, name: string, value?: any) => void} asks for an action; what a key
 *     asks that is only held down does not wait
 */
export function useInTurn(ready, actions) {
  const waiting = useRef(/** @type {{ name: string, value: any }[]} */ ([]));
  const [, look] = useReducer((/** @type {number} */ looks) => looks + 1, 0);
  useLayoutEffect(() => {
    while (ready) {
      const next = waiting.current.shift();
      if (!next || actions[next.name](next.value)) return;
    }
  });
  return (event, name, value) => {
    if (isRepeated(event) && (!ready || waiting.current.length)) return;
    waiting.current.push({ name, value });
    look();
  };
}

/** @param {Event | undefined} event */
function isRepeated(event) {
  return event instanceof KeyboardEvent && event.repeat;
}
