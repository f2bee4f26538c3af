// What people hand over to be pinned, in one form.

import { TidegateError } from '../errors.js';
import { reopened, streamed } from '#platform';
import { BlobBytes, BufferBytes, type Bytes } from './bytes.js';

/** What a file is made of. Text stands for its UTF-8, not for a path. */
export type FileContent =
  | string
  | ArrayBuffer
  | ArrayBufferView
  | Blob
  | Bytes
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array | string>;

/** A file with a name or a path; one without content is a directory, one with a target a symbolic link. */
export interface FileEntry {
  path?: string | undefined;
  content?: FileContent | undefined;
  symlink?: string | undefined;
}

/** A file, or a folder as the list of everything in it. */
export type PinInput = FileContent | FileEntry | readonly (File | FileEntry)[];

/** A file, directory or symbolic link on its way. */
export interface Entry {
  readonly path: readonly string[];
  readonly what: Bytes | Once | 'directory' | { readonly symlink: string };
}

/** Bytes that can be read but once. */
export class Once {
  constructor(readonly pieces: AsyncIterable<Uint8Array>) {}
}

/** Everything that is pinned together. */
export interface Input {
  readonly entries: readonly Entry[];
  /** Whether it came as a list. */
  readonly folder: boolean;
}

/** Understands whatever may be pinned. Streams become Blobs where requests cannot stream, on the disk if they are large. */
export async function understand(input: PinInput): Promise<Input> {
  if (!Array.isArray(input)) {
    const entry = await entryOf(input as FileContent | FileEntry);
    return { entries: [entry], folder: entry.path.length > 1 };
  }
  const entries: Entry[] = [];
  for (const one of input) entries.push(await entryOf(one));
  if (entries.length === 0) throw new TidegateError('there is nothing in this folder', { code: 'bad_path' });
  const nameless = entries.find(({ path }) => path.length === 0);
  if (nameless) throw new TidegateError('a file in a folder needs a path', { code: 'bad_path' });
  return { entries, folder: true };
}

async function entryOf(input: FileContent | FileEntry): Promise<Entry> {
  if (!isEntry(input)) {
    const { name, what } = await contentOf(input);
    return { path: pathOf(name ?? ''), what };
  }
  const path = pathOf(input.path ?? '');
  if (typeof input.symlink === 'string') return { path, what: { symlink: input.symlink } };
  if (input.content === undefined) return { path, what: 'directory' };
  const { name, what } = await contentOf(input.content);
  return { path: path.length > 0 ? path : pathOf(name ?? ''), what };
}

async function contentOf(content: FileContent): Promise<{ name?: string; what: Bytes | Once }> {
  if (typeof content === 'string') return { what: new BufferBytes(new TextEncoder().encode(content)) };
  if (content instanceof ArrayBuffer) return { what: new BufferBytes(new Uint8Array(content)) };
  if (ArrayBuffer.isView(content)) return { what: new BufferBytes(bytesOf(content)) };
  if (content instanceof Blob) {
    const { name, webkitRelativePath } = content as Partial<File>;
    return { name: webkitRelativePath || name, what: new BlobBytes(content) };
  }
  if (isBytes(content)) return { what: content };
  const again = await reopened(content);
  if (again) return { name: again.name, what: again.bytes };
  const pieces = piecesOf(content);
  if (!pieces) throw new TypeError('this is no content: text, bytes, a Blob, a stream, or { path, content }');
  if (streamed) return { what: new Once(pieces) };
  return { what: new BlobBytes(await new Response(streamOf(pieces)).blob()) };
}

/** The names of a path. */
function pathOf(path: string): string[] {
  const names = path.replace(/^(\.?\/)+/, '').split('/');
  if (names.length === 1 && names[0] === '') return [];
  const bad = names.find((name) => name === '' || name === '.' || name === '..' || name.includes('\0'));
  if (bad !== undefined) throw new TidegateError(`${JSON.stringify(path)} is no path of a file in a folder`, { code: 'bad_path' });
  return names;
}

function isEntry(input: FileContent | FileEntry): input is FileEntry {
  if (typeof input !== 'object' || input instanceof Blob || ArrayBuffer.isView(input)) return false;
  return 'content' in input || 'symlink' in input || ('path' in input && !isBytes(input) && !piecesOf(input as FileContent));
}

function isBytes(input: unknown): input is Bytes {
  const { size, read } = input as Partial<Bytes>;
  return typeof size === 'number' && typeof read === 'function' && !(Symbol.asyncIterator in (input as object));
}

function piecesOf(content: unknown): AsyncIterable<Uint8Array> | undefined {
  if (typeof content !== 'object' || content === null) return undefined;
  if (Symbol.asyncIterator in content) return asBytes(content as AsyncIterable<unknown>);
  // Not every browser can iterate over a stream.
  if (content instanceof ReadableStream) return asBytes(readerPieces(content));
  return undefined;
}

async function* asBytes(pieces: AsyncIterable<unknown>): AsyncIterable<Uint8Array> {
  for await (const piece of pieces) {
    if (typeof piece === 'string') yield new TextEncoder().encode(piece);
    else if (piece instanceof ArrayBuffer) yield new Uint8Array(piece);
    else if (ArrayBuffer.isView(piece)) yield bytesOf(piece);
    else throw new TypeError('a stream that is pinned gives bytes or text');
  }
}

/** The pieces of a stream, which is cancelled when nobody wants more of it. */
export async function* readerPieces(stream: ReadableStream<Uint8Array>): AsyncIterable<Uint8Array> {
  const reader = stream.getReader();
  let ended = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) {
        ended = true;
        return;
      }
      yield value;
    }
  } finally {
    if (!ended) await reader.cancel().catch(() => undefined);
  }
}

/** A stream of these pieces, each asked for when there is room. */
export function streamOf(pieces: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array<ArrayBuffer>> {
  const iterator = pieces[Symbol.asyncIterator]();
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await iterator.next();
        if (done) controller.close();
        else controller.enqueue(value as Uint8Array<ArrayBuffer>);
      },
      async cancel(reason) {
        await iterator.return?.(reason);
      },
    },
    { highWaterMark: 0 },
  );
}

function bytesOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}
