// What people choose or drop, as what is uploaded: each file by itself, each folder with all that is in it.

/**
 * What becomes one pin.
 * @typedef {object} Chosen
 * @property {string} name of the file or folder
 * @property {number} size in bytes
 * @property {number} files how many there are in a folder; 0 for a file by itself
 * @property {File | {path: string, content?: File}[]} content as the SDK takes it
 */

/** Files that were chosen, each by itself. @returns {Chosen[]} */
export function chosenFiles(files) {
  return [...files].map(fileOf);
}

/** The folder that was chosen: a browser gives it as the files in it, with their paths. @returns {Chosen[]} */
export function chosenFolder(files) {
  const entries = [...files].map((file) => ({ path: file.webkitRelativePath, content: file }));
  return entries.length > 0 ? [folderOf(entries[0].path.split('/', 1)[0], entries)] : [];
}

/**
 * Files and folders that were dropped. To be called while the drop is handled: later the browser has forgotten what it was.
 * @param {DataTransfer} transfer
 * @returns {Promise<Chosen[]>}
 */
export async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (entries.length === 0) return chosenFiles(transfer.files);
  return Promise.all(entries.map(async (entry) => (entry.isFile ? fileOf(await fileIn(entry)) : folderOf(entry.name, await below(entry, entry.name)))));
}

function fileOf(file) {
  return { name: file.name, size: file.size, files: 0, content: file };
}

function folderOf(name, entries) {
  const files = entries.filter(({ content }) => content);
  const size = files.reduce((sum, { content }) => sum + content.size, 0);
  return { name, size, files: files.length, content: entries };
}

/** Everything in a folder, empty folders too. */
async function below(folder, path) {
  const entries = [{ path }];
  for (const entry of await listed(folder)) {
    const inside = `${path}/${entry.name}`;
    if (entry.isFile) entries.push({ path: inside, content: await fileIn(entry) });
    else entries.push(...(await below(entry, inside)));
  }
  return entries;
}

/** All entries of a folder, of which a browser gives a hundred at a time. */
async function listed(folder) {
  const reader = folder.createReader();
  const all = [];
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return all;
    all.push(...some);
  }
}

function fileIn(entry) {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}
