// From one image to another, and what becomes of the list meanwhile.

import { isInTurn } from '../labels/unlabelled.js';
import { go, view } from '../parts/state.js';
import { preloadPicture } from '../pictures/full-picture.js';
import { comparedIds, replaced } from '../stage/comparing.js';
import { useEffect } from '../vendor/preact-htm.js';

/** @import { Documents } from '../list/documents.js' */
/** @import { Actions } from '../page/collection.js' */
/** @import { Chosen, Loaded, Marks } from '../page/use-collection.js' */
/** @import { ImageDocument } from '../parts/values.js' */
/** @import { Changed, Neighbors, OpenImage } from './neighbors.js' */

/** @typedef {{ image: OpenImage, neighbors: Neighbors }} Opened */

/** Go back to the list. */
export function close() {
  go({ image: '', own: { ...view.value.own, compare: '' } });
  /** @type {() => HTMLElement | null} */
  const list = () => document.querySelector('.list');
  setTimeout(() => list()?.focus());
}

/**
 * What leads from one image to another; each returns whether it did.
 * @param {{ loaded: Loaded, chosen: Chosen, marks: Marks, page: Actions } & Opened} of
 */
export function steps({ loaded: { documents }, chosen, marks, page, image, neighbors: { previous, next } }) {
  const step = (/** @type {ImageDocument | null | undefined} */ neighbor, /** @type {number} */ by) => {
    if (!neighbor) return false;
    chosen.setActive(moved(documents, chosen.active, neighbor, by));
    const compare = replaced(comparedIds(view.value), view.value.image, neighbor._id);
    go({ image: neighbor._id, own: { ...view.value.own, compare } }, { replace: true });
    return true;
  };
  return {
    previous: () => step(previous, -1), next: () => step(next, 1),
    /** @param {number} key */
    mark: (key) => {
      if (!image.document || !marks.mark(image.document, key)) return false;
      if (!isInTurn(image.document._id)) return step(next, 1);
      page.nextUnlabelled();
      return true;
    },
  };
}

/**
 * What is done when the image has been changed or deleted.
 * @param {{ loaded: Loaded, page: Actions } & Opened} of
 */
export function changes({ loaded, page, image, neighbors: { previous, next } }) {
  return {
    changed: (/** @type {Changed} */ change) => {
      image.put(change);
      loaded.documents?.put(change.value);
      loaded.refreshFields();
    },
    removed: () => {
      page.reload();
      const neighbor = next ?? previous;
      if (neighbor) go({ image: neighbor._id, own: { ...view.value.own, compare: '' } }, { replace: true });
      else close();
    },
  };
}

/**
 * Have the pictures of neighbors here before they are asked for.
 * @param {string} collection
 * @param {Neighbors} neighbors
 */
export function usePreloaded(collection, { previous, next }) {
  useEffect(() => {
    for (const neighbor of [next, previous]) if (neighbor) preloadPicture(collection, neighbor);
  }, [next?._id, previous?._id]);
}

/**
 * @param {Documents | null} documents
 * @param {number} active
 * @param {ImageDocument} neighbor
 * @param {number} by
 */
function moved(documents, active, neighbor, by) {
  if (active >= 0 && documents?.get(active + by)?._id === neighbor._id) return active + by;
  return documents?.indexOf(neighbor._id) ?? -1;
}
