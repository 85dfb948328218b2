// What is asked for faster than the service answers is done in turn, not lost.

import { useLayoutEffect, useReducer, useRef } from '../vendor/preact-htm.js';

/**
 * Actions that wait until what they need is here.
 * @param {boolean} ready whether an action can be done now
 * @param {Record<string, (value: any) => boolean>} actions each returns whether it led away, to
 *     something that may not be ready yet
 * @returns {(event: Event, name: string, value: any) => void} asks for an action; what a key
 *     asks that is only held down does not wait
 */
export function useInTurn(ready, actions) {
  const waiting = useRef([]);
  const [, look] = useReducer((looks) => looks + 1, 0);
  useLayoutEffect(() => {
    while (ready && waiting.current.length) {
      const { name, value } = waiting.current.shift();
      if (actions[name](value)) return;
    }
  });
  return (event, name, value) => {
    if (event?.repeat && (!ready || waiting.current.length)) return;
    waiting.current.push({ name, value });
    look();
  };
}
