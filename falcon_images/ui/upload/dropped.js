// Files out of what was dropped or chosen, folders included.

/** @typedef {{file: File, folder: string}} Found */

/**
 * The files of a drop; folders are gone through, and what hides in them is left out.
 * @param {DataTransfer} transfer
 * @returns {Promise<Found[]>}
 */
export async function droppedFiles(transfer) {
  // All at once: after the first wait, the browser has taken the rest away.
  const entries = [...transfer.items].filter(({ kind }) => kind === 'file')
    .map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile());
  const found = [];
  for (const entry of entries) if (entry) await gather(entry, '', found);
  return found;
}

/** The files that were chosen with a button. */
export function chosenFiles(list) {
  return [...list].map((file) => {
    const folders = (file.webkitRelativePath ?? '').split('/');
    return { file, folder: folders.at(-2) ?? '' };
  }).filter(({ file }) => !file.name.startsWith('.'));
}

async function gather(entry, folder, found) {
  if (entry instanceof File) found.push({ file: entry, folder });
  else if (entry.name.startsWith('.')) return;
  else if (entry.isFile) found.push({ file: await fileOf(entry), folder });
  else for await (const inner of entriesOf(entry)) await gather(inner, entry.name, found);
}

function fileOf(entry) {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}

async function* entriesOf(folder) {
  const reader = folder.createReader();
  for (;;) {
    // Browsers hand out some hundred at a time, and then none.
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return;
    yield* some;
  }
}
