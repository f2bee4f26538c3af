// From a download to a file, in browsers.

import { TidegateError } from '../errors.js';
import type { Download } from './download.js';

/** Where to save. */
export interface SaveOptions {
  /** A file that the person has chosen, of {@link chooseFile}, or one of the origin's private file system. */
  handle?: FileHandle | undefined;
  /** A name in place of the server's. */
  suggestedName?: string | undefined;
}

/** What is needed of a `FileSystemFileHandle`. */
export interface FileHandle {
  createWritable(): Promise<WritableStream<Uint8Array<ArrayBuffer>>>;
}

type Picker = (options: { suggestedName?: string | undefined }) => Promise<FileHandle>;

/**
 * Asks where to save, in browsers that can; `undefined` in others. Browsers ask only right after a click: call it first, then sign and download.
 */
export async function chooseFile(suggestedName?: string): Promise<FileHandle | undefined> {
  const picker = (globalThis as { showSaveFilePicker?: Picker }).showSaveFilePicker;
  return picker?.({ suggestedName });
}

export async function saveInBrowser(download: Download, { handle, suggestedName = download.name }: SaveOptions): Promise<void> {
  const chosen = handle ?? (await chooseFile(suggestedName));
  // A stream that fails aborts the file, which keeps what it held before.
  if (chosen) return download.stream().pipeTo(await chosen.createWritable());
  if (typeof document === 'undefined') throw new TidegateError('there is no page to save from: give a handle, or read the stream', { code: 'configuration' });
  const url = URL.createObjectURL(await download.blob());
  const link = Object.assign(document.createElement('a'), { href: url, download: suggestedName });
  link.click();
  // The browser has the Blob by then; the URL alone would keep it for as long as the page lives.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
