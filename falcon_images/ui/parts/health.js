// Whether the service answers; when it does not, it is asked until it does again, as is what
// failed for a reason that passes.

import { useEffect, useRef, useState } from '../vendor/preact-htm.js';
import { Watched } from './watched.js';

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15000;
const ANSWER_MS = 8000;
const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 30_000;
const TOO_MANY = 429;

/** Whether the service is away, and when it was found to be back. */
export const health = new Watched({ away: false, backAt: 0 });

/** @type {Promise<boolean> | null} */
let waiting = null;
let wake = () => {};

/**
 * Wait until the service is ready.
 * @returns {Promise<boolean>} whether it was away at all
 */
export function untilReady() {
  waiting ??= askUntilReady().finally(() => { waiting = null; });
  return waiting;
}

/** Ask at once, and do not wait for the next turn. */
export function askNow() {
  wake();
}

/**
 * Whether the same request may be answered the next time; without a status it was cut off.
 * @param {any} error
 */
export function isPassing({ status = 0 }) {
  return status === 0 || status === TOO_MANY || status >= 500;
}

/**
 * When to ask again for what has failed.
 * @param {any} error of the last time, another each time; none when it was answered
 * @returns {{ turn: string, again: () => void }} a `turn` that is another when it is time, and
 *   what to call in order not to wait
 */
export function useRetries(error) {
  const [turn, setTurn] = useState(0);
  const { backAt } = health.use();
  const tries = useRef(0);
  const again = () => setTurn((old) => old + 1);
  useEffect(() => {
    if (!error) tries.current = 0;
    if (!error || !isPassing(error)) return undefined;
    const wait = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** tries.current);
    tries.current += 1;
    const timer = setTimeout(again, wait);
    return () => clearTimeout(timer);
  }, [error]);
  return { turn: `${turn} ${backAt}`, again };
}

async function askUntilReady() {
  if (await isReady()) return false;
  health.value = { ...health.value, away: true };
  for (let wait = FIRST_WAIT_MS; ; wait = Math.min(wait * 2, LONGEST_WAIT_MS)) {
    await pause(wait);
    if (await isReady()) break;
  }
  health.value = { away: false, backAt: Date.now() };
  return true;
}

async function isReady() {
  try {
    const signal = AbortSignal.timeout(ANSWER_MS);
    const response = await fetch('/health/ready', { cache: 'no-store', signal });
    return response.ok;
  } catch {
    return false;
  }
}

/**
 * @param {number} milliseconds
 * @returns {Promise<void>}
 */
function pause(milliseconds) {
  return new Promise((resolve) => {
    // A part by chance, so that many pages do not all ask at once.
    const timer = setTimeout(resolve, milliseconds * (0.75 + Math.random() / 2));
    wake = () => { clearTimeout(timer); resolve(); };
  });
}

addEventListener('online', askNow);
