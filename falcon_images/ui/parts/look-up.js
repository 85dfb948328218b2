// Tables that are asked with names which may be anybody's: of properties, keys, addresses.

/**
 * What a table has under a name, or undefined. Never `table[name]` or `name in table`
 * where the name comes from data: a property may be called `constructor`.
 * @template T
 * @param {Record<string, T>} table
 * @param {string} name
 * @returns {T | undefined}
 */
export function lookUp(table, name) {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}
