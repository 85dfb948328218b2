// What would be lost if the page were closed now: the browser asks before it is.

/** @type {Set<() => boolean>} */
const losses = new Set();

/**
 * Have the browser ask before the page is closed, whenever something would be lost.
 * @param {() => boolean} wouldLose
 */
export function warnWhen(wouldLose) {
  losses.add(wouldLose);
}

addEventListener('beforeunload', (event) => {
  if ([...losses].some((wouldLose) => wouldLose())) event.preventDefault();
});
