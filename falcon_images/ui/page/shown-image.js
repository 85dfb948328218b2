// How whatever changes an image leads the person to it, wherever on the page it is.

/** @type {(collection: string, id: string) => void} */
let show = () => {};

/**
 * Say how an image is shown; returns what ends that.
 * @param {typeof show} how
 */
export function whenShown(how) {
  show = how;
  return () => { if (show === how) show = () => {}; };
}

/**
 * Show an image that was changed, if its collection is the one that is looked at.
 * @param {string} collection
 * @param {string} id
 */
export function showImage(collection, id) {
  show(collection, id);
}
