// @tidegate/sdk/node: everything of @tidegate/sdk, and files and folders by their path.

import { lstat, open, readdir, readlink, rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Download } from './access/download.js';
import { TidegateError } from './errors.js';
import type { FileEntry } from './content/input.js';
import { PathBytes } from './platform/node.js';

export * from './index.js';

/**
 * A file or folder on the disk, to be pinned: `client.pinFile(await fromPath('site'))`. Contents are read while they are hashed and sent. In a
 * folder, symbolic links stay links, and what is neither file, folder nor link is refused.
 *
 * @returns a file as `{ path, content }`, with its name for a path; a folder as the list of all in it, paths beginning with the folder's name
 */
export async function fromPath(path: string): Promise<FileEntry | FileEntry[]> {
  const found = await stat(path);
  const name = basename(path.replace(/[/\\]+$/, '')) || 'folder';
  if (found.isDirectory()) return entriesIn(path, name);
  return fileOf(path, name);
}

async function entriesIn(folder: string, path: string): Promise<FileEntry[]> {
  const entries: FileEntry[] = [{ path }];
  for (const name of (await readdir(folder)).sort()) {
    const [inside, below] = [join(folder, name), `${path}/${name}`];
    const found = await lstat(inside);
    if (found.isDirectory()) entries.push(...(await entriesIn(inside, below)));
    else if (found.isSymbolicLink()) entries.push({ path: below, symlink: await readlink(inside) });
    else entries.push(await fileOf(inside, below));
  }
  return entries;
}

async function fileOf(path: string, named: string): Promise<FileEntry> {
  const found = await stat(path);
  if (!found.isFile()) throw new TidegateError(`${path} is no file`, { code: 'bad_path' });
  return { path: named, content: new PathBytes(path, found.size) };
}

/** Writes a download to `path`, where it appears when it is whole and on the disk; until then it is `path` with `.part` behind it. */
export async function saveTo(download: Download, path: string): Promise<void> {
  const part = `${path}.part`;
  const file = await open(part, 'w');
  try {
    for await (const bytes of download) await file.writeFile(bytes);
    await file.sync();
    await file.close();
    await rename(part, path);
  } catch (error) {
    await file.close().catch(() => undefined);
    await rm(part, { force: true });
    throw error;
  }
}
