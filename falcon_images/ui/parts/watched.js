// Values that many parts of the page look at, each with those who want to hear of it.

import { useEffect, useState } from '../vendor/preact-htm.js';

/**
 * A value that can be watched: `use()` in a component draws it again on a change.
 * @template T
 */
export class Watched {
  /** @type {T} */
  #value;
  /** @type {Set<(value: T) => void>} */
  #listeners = new Set();

  /** @param {T} value */
  constructor(value) {
    this.#value = value;
  }

  get value() {
    return this.#value;
  }

  set value(value) {
    if (value === this.#value) return;
    this.#value = value;
    for (const listener of [...this.#listeners]) listener(value);
  }

  /**
   * Call `listener` on each change; returns what ends that.
   * @param {(value: T) => void} listener
   */
  watch(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The value, for a component, which is drawn again when it changes. */
  use() {
    const [, draw] = useState();
    useEffect(() => {
      const drawn = this.#value;
      const end = this.watch(() => draw({}));
      if (drawn !== this.#value) draw({});
      return end;
    }, []);
    return this.#value;
  }
}
