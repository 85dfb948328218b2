// What the service's own description says of exports, so that the page offers no other.

import { json } from '../parts/api.js';

const COLLECTION = '/collections/{collection_name}';

/**
 * @typedef {object} Described
 * @property {string[]} formats each as `format=` takes it; '' is the archive of everything
 * @property {boolean} takesTables whether images can be changed by a table
 * @property {Set<string>} words parameters of exports that are no conditions there
 */

/**
 * @typedef {object} Parameter
 * @property {string} [name] none if it is described elsewhere
 * @property {{ enum?: string[] }} [schema]
 */

/**
 * Ask what the service can export.
 * @returns {Promise<Described>}
 */
export async function describedExports() {
  const { paths } = await json('/openapi.json');
  /** @type {Parameter[]} */
  const parameters = paths[`${COLLECTION}/export`]?.get?.parameters ?? [];
  const format = parameters.find(({ name }) => name === 'format');
  return {
    formats: ['', ...format?.schema?.enum ?? []],
    takesTables: `${COLLECTION}/relabel` in paths,
    words: new Set(parameters.flatMap(({ name }) => name ?? [])),
  };
}
