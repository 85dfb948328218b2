// Handles of files that are on their way, by which they can be read again after a reload, in
// browsers that have such handles for what is dropped (and on https or this machine alone).

const DATABASE = 'falcon-images.uploads';
const STORE = 'handles';
const KEPT_MS = 24 * 3600 * 1000;

/**
 * @typedef {object} Handle of the File System Access API, which not all browsers have
 * @property {string} kind
 * @property {string} name
 * @property {() => Promise<File>} getFile
 * @property {() => AsyncIterable<Handle>} values of a folder
 * @property {(options: object) => Promise<string>} [requestPermission]
 * @property {(options: object) => Promise<string>} [queryPermission]
 */
/** @typedef {{ handle: Handle, properties: Record<string, unknown>, dedupe: boolean, time: number }} Kept */

/** @type {Promise<IDBDatabase | null> | null} */
let opened = null;

/**
 * Keep how files can be read again, each by the key of its upload.
 * @param {[string, Kept][]} entries
 */
export async function keepHandles(entries) {
  if (entries.length) await change((store) => { for (const [key, kept] of entries) store.put(kept, key); });
}

/**
 * Forget files that are there, or wanted no more, and what is too old.
 * @param {string[]} keys
 */
export async function forgetHandles(keys) {
  if (keys.length && opened) await change((store) => { for (const key of keys) store.delete(key); });
}

/**
 * What was kept of some files.
 * @param {string[]} keys
 * @returns {Promise<Map<string, Kept>>}
 */
export async function keptHandles(keys) {
  /** @type {Map<string, Kept>} */
  const found = new Map();
  if (!keys.length) return found;
  const wanted = new Set(keys);
  await change((store) => {
    const request = store.openCursor();
    request.onsuccess = () => {
      const cursor = request.result;
      if (!cursor) return;
      const isOld = Date.now() - cursor.value.time > KEPT_MS;
      if (isOld) cursor.delete();
      else if (wanted.has(String(cursor.key))) found.set(String(cursor.key), cursor.value);
      cursor.continue();
    };
  });
  return found;
}

/**
 * Read a file again; the browser asks the person, if it has to.
 * @param {Handle} handle
 * @param {boolean} mayAsk whether the person has just pressed a button for it
 * @returns {Promise<File | null>} null if the browser does not let it
 */
export async function fileAgain(handle, mayAsk) {
  const options = { mode: 'read' };
  try {
    const ask = mayAsk ? handle.requestPermission : handle.queryPermission;
    return await ask?.call(handle, options) === 'granted' ? await handle.getFile() : null;
  } catch {
    // It was moved or deleted, or the browser shows no question here.
    return null;
  }
}

/**
 * @param {(store: IDBObjectStore) => void} act
 * @returns {Promise<void>}
 */
async function change(act) {
  opened ??= open();
  const database = await opened;
  if (!database) return;
  await new Promise((resolve) => {
    try {
      const transaction = database.transaction(STORE, 'readwrite');
      for (const end of ['complete', 'error', 'abort']) transaction.addEventListener(end, resolve);
      act(transaction.objectStore(STORE));
    } catch {
      // Without it, the page still says what is missing.
      resolve(undefined);
    }
  });
}

/** @returns {Promise<IDBDatabase | null>} null where the browser has none for this page */
function open() {
  return new Promise((resolve) => {
    try {
      const request = indexedDB.open(DATABASE, 1);
      request.onupgradeneeded = () => request.result.createObjectStore(STORE);
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => resolve(null);
      request.onblocked = () => resolve(null);
    } catch {
      resolve(null);
    }
  });
}
