// One way to save for all that changes an open image: its properties and its shapes.

import { useSaving } from './saving.js';

/** @import { ImageDocument } from '../parts/values.js' */
/** @import { OpenImage } from './neighbors.js' */
/** @import { OnChanged, Save } from './saving.js' */

const MOST_SAVERS = 20;

/**
 * Draws nothing; puts what saves edits of this image into a table, by its id. It is used also
 * when another image is open: for what was written last.
 * @param {{ collection: string, image: OpenImage & { document: ImageDocument },
 *   onChanged: OnChanged, savers: Map<string, Save> }} props
 */
export function Saving({ collection, image, onChanged, savers }) {
  const { _id: id } = image.document;
  const save = useSaving(collection, image, onChanged);
  savers.delete(id);
  savers.set(id, save);
  const [oldest] = savers.keys();
  if (savers.size > MOST_SAVERS) savers.delete(oldest);
  return null;
}
