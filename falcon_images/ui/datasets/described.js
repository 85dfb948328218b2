// What the service's own description says of exports, so that the page offers no other.

import { json } from '../parts/api.js';

const PATH = '/collections/{collection_name}/export';

/**
 * @typedef {object} Described
 * @property {string[]} formats each as `format=` takes it; '' is the archive of everything
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
  const parameters = paths[PATH]?.get?.parameters ?? [];
  const format = parameters.find(({ name }) => name === 'format');
  return {
    formats: ['', ...format?.schema?.enum ?? []],
    words: new Set(parameters.flatMap(({ name }) => name ?? [])),
  };
}
