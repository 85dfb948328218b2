// Whether the service answers; when it does not, it is asked until it does again.

import { Watched } from './watched.js';

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15000;
const ANSWER_MS = 8000;

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
