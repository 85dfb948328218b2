// The documents of a list, of any length, loaded in pages where somebody looks.

import { collectionPath, readJson, send, totalOf } from '../parts/api.js';

/** @import { ImageDocument } from '../parts/values.js' */

const PAGE = 200;
const MAX_PAGES = 60;
const SETTLE_MS = 60;

/** A list of documents of which only what is needed is here. */
export class Documents {
  /** @type {number | null} how many there are, once it is known */
  total = null;
  /** Whether it is not known yet how many more there are. */
  more = false;
  /** @type {Error | null} that of the last page that failed */
  error = null;
  /** Whether the collection was changed by somebody since the list was begun. */
  changed = false;
  /** @type {Map<number, { documents: ImageDocument[], next: string | null }>} */
  #pages = new Map();
  /** @type {Map<number, { controller: AbortController, done: Promise<void> }>} */
  #loading = new Map();
  #wanted = [0, 0];
  #timer = 0;

  /**
   * @param {string} collection
   * @param {URLSearchParams} query conditions, sort and fields, as the API takes them
   * @param {() => void} onChange called when more is known
   */
  constructor(collection, query, onChange) {
    this.path = collectionPath(collection, 'images');
    this.query = query;
    this.onChange = onChange;
    this.#load(0).catch(() => {});
  }

  /**
   * The document at an index, or undefined while it is not here.
   * @param {number} index
   * @returns {ImageDocument | undefined}
   */
  get(index) {
    return this.#pages.get(Math.floor(index / PAGE))?.documents[index % PAGE];
  }

  /**
   * Say which indices are looked at; pages that are not are no longer waited for.
   * @param {number} first
   * @param {number} last
   */
  need(first, last) {
    this.#wanted = [Math.floor(first / PAGE), Math.floor(Math.max(first, last) / PAGE)];
    clearTimeout(this.#timer);
    // The first of all is wanted at once; a page that is only scrolled past never is.
    this.#timer = setTimeout(() => this.#loadWanted(), this.#pages.size ? SETTLE_MS : 0);
  }

  /**
   * The documents from one index to another, loaded if need be.
   * @param {number} first
   * @param {number} last
   */
  async range(first, last) {
    const numbers = [];
    for (let page = Math.floor(first / PAGE); page <= Math.floor(last / PAGE); page++) {
      numbers.push(page);
    }
    for (const number of numbers) await this.#load(number);
    const found = [];
    for (let index = first; index <= last; index++) found.push(this.get(index));
    return found.filter((document) => document !== undefined);
  }

  /**
   * The index of a document that is here, or -1.
   * @param {string} id
   */
  indexOf(id) {
    for (const [number, page] of this.#pages) {
      const at = page.documents.findIndex((document) => document._id === id);
      if (at >= 0) return number * PAGE + at;
    }
    return -1;
  }

  /**
   * Whether the documents are here with a property.
   * @param {string} name
   */
  hasField(name) {
    const fields = this.query.get('fields')?.split(',') ?? [];
    return fields.some((each) => each === name || name.startsWith(`${each}.`));
  }

  /**
   * Put what an image's document has become in the place of what it was.
   * @param {ImageDocument} document
   */
  put = (document) => {
    const index = this.indexOf(document._id);
    const page = this.#pages.get(Math.floor(index / PAGE));
    if (!page) return;
    page.documents[index % PAGE] = document;
    this.onChange();
  };

  /** Ask how many documents there are now. */
  async look() {
    const response = await send(`${this.path}?${this.#params({})}`, { method: 'HEAD' });
    this.#count(response);
  }

  /** Wait for nothing any more. */
  close() {
    clearTimeout(this.#timer);
    this.onChange = () => {};
    for (const { controller } of this.#loading.values()) controller.abort();
  }

  #loadWanted() {
    const [first, last] = this.#wanted;
    for (const [number, { controller }] of this.#loading) {
      if (number < first || number > last) controller.abort();
    }
    for (let number = first; number <= last; number++) this.#load(number).catch(() => {});
  }

  /**
   * @param {number} number
   * @returns {Promise<void>}
   */
  async #load(number) {
    if (this.#pages.has(number)) return this.#used(number);
    const controller = new AbortController();
    if (!this.#loading.has(number)) {
      const done = this.#fetch(number, controller.signal)
        .catch((error) => this.#failed(error))
        .finally(() => this.#loading.delete(number));
      this.#loading.set(number, { controller, done });
    }
    return this.#loading.get(number)?.done;
  }

  /**
   * @param {number} number
   * @param {AbortSignal} signal
   */
  async #fetch(number, signal) {
    // After a page that is here, its own link leads on, as fast at the end as at first.
    const link = this.#pages.get(number - 1)?.next;
    const params = this.#params({ limit: PAGE, skip: number * PAGE });
    const response = await send(link ?? `${this.path}?${params}`, { signal });
    const documents = await readJson(response);
    this.#pages.set(number, { documents, next: nextLink(response) });
    this.#count(response);
    this.#forget();
    this.error = null;
    this.onChange();
  }

  /** @param {Error} error */
  #failed(error) {
    if (error.name === 'AbortError') return;
    this.error = error;
    this.onChange();
    throw error;
  }

  /** @param {Response} response */
  #count(response) {
    const { total, isExact } = totalOf(response);
    if (this.total === null || this.more) {
      const isFirst = this.total === null;
      this.total = Math.max(total, this.total ?? 0);
      this.more = !isExact;
      // Only to ask for it alone waits for a number that takes long.
      if (isFirst && this.more) this.look().then(this.onChange, () => {});
      return;
    }
    if (!isExact || total === this.total || this.changed) return;
    this.changed = true;
    this.onChange();
  }

  /** @param {Record<string, number>} more */
  #params(more) {
    const params = new URLSearchParams(this.query);
    for (const [name, value] of Object.entries(more)) if (value) params.set(name, String(value));
    return params;
  }

  /** @param {number} number */
  #used(number) {
    const page = this.#pages.get(number);
    if (!page) return;
    this.#pages.delete(number);
    this.#pages.set(number, page);
  }

  #forget() {
    // A map keeps its order: the first is the one that was not used for the longest time.
    const [oldest] = this.#pages.keys();
    if (this.#pages.size > MAX_PAGES) this.#pages.delete(oldest);
  }
}

/** @param {Response} response */
function nextLink(response) {
  const link = /<([^>]*)>\s*;\s*rel="?next"?/.exec(response.headers.get('Link') ?? '');
  if (!link) return null;
  const url = new URL(link[1], location.href);
  // Only ever to this service, whatever a header says.
  return url.pathname + url.search;
}
