// Files out of what was dropped or chosen, folders included.

/** @import { Handle } from './kept-handles.js' */

/** @typedef {{file: File, folder: string, handle?: Handle}} Found */

/**
 * The files of a drop; folders are gone through, and what hides in them is left out.
 * @param {DataTransfer} transfer
 * @returns {Promise<Found[]>}
 */
export async function droppedFiles(transfer) {
  // All at once: after the first wait, the browser has taken the rest away.
  const items = [...transfer.items].filter(({ kind }) => kind === 'file').map((item) => ({
    entry: item.webkitGetAsEntry?.() ?? item.getAsFile(), handle: handleOf(item),
  }));
  /** @type {Found[]} */
  const found = [];
  for (const { entry, handle } of items) {
    const known = await handle;
    // By its handle, a file can be read again after a reload.
    if (known) await gatherHandles(known, '', found);
    else if (entry) await gather(entry, '', found);
  }
  return found;
}

/**
 * @param {any} item of a drop; not all browsers have handles
 * @returns {Promise<Handle | null>}
 */
async function handleOf(item) {
  try {
    return await item.getAsFileSystemHandle?.() ?? null;
  } catch {
    return null;
  }
}

/**
 * @param {Handle} handle
 * @param {string} folder
 * @param {Found[]} found
 */
async function gatherHandles(handle, folder, found) {
  if (handle.name.startsWith('.')) return;
  if (handle.kind === 'file') found.push({ file: await handle.getFile(), folder, handle });
  else for await (const inner of handle.values()) await gatherHandles(inner, handle.name, found);
}

/**
 * The files that were chosen with a button.
 * @param {Iterable<File>} list
 * @returns {Found[]}
 */
export function chosenFiles(list) {
  return [...list].map((file) => {
    const folders = (file.webkitRelativePath ?? '').split('/');
    return { file, folder: folders.at(-2) ?? '' };
  }).filter(({ file }) => !file.name.startsWith('.'));
}

/**
 * @param {FileSystemEntry | File} entry
 * @param {string} folder
 * @param {Found[]} found
 */
async function gather(entry, folder, found) {
  if (entry instanceof File) found.push({ file: entry, folder });
  else if (entry.name.startsWith('.')) return;
  else if (isFile(entry)) found.push({ file: await fileOf(entry), folder });
  else for await (const inner of entriesOf(entry)) await gather(inner, entry.name, found);
}

/**
 * @param {FileSystemEntry} entry
 * @returns {entry is FileSystemFileEntry}
 */
function isFile(entry) {
  return entry.isFile;
}

/**
 * @param {FileSystemFileEntry} entry
 * @returns {Promise<File>}
 */
function fileOf(entry) {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}

/** @param {FileSystemEntry} folder */
async function* entriesOf(folder) {
  const reader = /** @type {FileSystemDirectoryEntry} */ (folder).createReader();
  for (;;) {
    // Browsers hand out some hundred at a time, and then none.
    /** @type {FileSystemEntry[]} */
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return;
    yield* some;
  }
}
