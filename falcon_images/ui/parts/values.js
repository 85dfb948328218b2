// Values of properties: as text, with their types, and where they are in a document.

import { lookUp } from './look-up.js';

/** A property's value as text: strings as they are, all else as JSON. */
export function valueText(value) {
  return typeof value === 'string' ? value : JSON.stringify(value) ?? '';
}

/** What a person means by a text: a number, true, false, null, else the text. */
export function typedValue(text) {
  try {
    const value = JSON.parse(text);
    return value !== null && typeof value === 'object' ? text : value;
  } catch {
    return text;
  }
}

/** A text that `typedValue` reads as this value again. */
export function typedText(value) {
  const asItIs = typeof value !== 'string' || typedValue(value) !== value;
  return asItIs ? JSON.stringify(value) : value;
}

/** The type of a value as a person chooses it: text, number, boolean or JSON. */
export function typeOf(value) {
  return lookUp({ string: 'text', number: 'number', boolean: 'boolean' }, typeof value) ?? 'json';
}

/** The value at a path such as `camera.gain` of a document; undefined if none. */
export function valueAt(document, path) {
  if (!document) return undefined;
  if (Object.hasOwn(document, path)) return document[path];
  return path.split('.').reduce((value, name) =>
    (value !== null && typeof value === 'object' ? lookUp(value, name) : undefined), document);
}

/** A document's properties, without what is the service's own. */
export function propertiesOf(document) {
  const own = ['_id', 'time', 'image', '_file'];
  return Object.entries(document ?? {}).filter(([name]) => !own.includes(name));
}
