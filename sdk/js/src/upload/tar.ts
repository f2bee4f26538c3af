// A folder as a tar archive (POSIX pax), the same bytes for the same folder, so that sending it can go on at any place.

import { type Bytes, BufferBytes, JoinedBytes } from '../content/bytes.js';
import type { Entry } from '../content/input.js';

const BLOCK = 512;
/** The longest name and link target of a plain header, in bytes. */
const PLAIN = 100;
/** The largest size that eleven octal digits tell. */
const PLAIN_SIZE = 8 ** 11 - 1;

const KIND = { file: '0', symlink: '2', directory: '5', extended: 'x' };

const utf8 = new TextEncoder();

/** The archive of these entries. */
export function tarOf(entries: readonly Entry[]): Bytes {
  const paths = new Map(entries.map((entry) => [entry.path.join('/'), entry]));
  const sorted = [...paths.keys()].sort();
  const parts = sorted.flatMap((path) => entryOf(path, paths.get(path)!.what));
  return new JoinedBytes([...parts, new BufferBytes(new Uint8Array(2 * BLOCK))]);
}

function entryOf(path: string, what: Entry['what']): Bytes[] {
  if (what === 'directory') return [new BufferBytes(headers({ kind: KIND.directory, path: `${path}/`, size: 0, target: '' }))];
  if ('symlink' in what) return [new BufferBytes(headers({ kind: KIND.symlink, path, size: 0, target: what.symlink }))];
  const content = what as Bytes;
  const padding = new Uint8Array((BLOCK - (content.size % BLOCK)) % BLOCK);
  return [new BufferBytes(headers({ kind: KIND.file, path, size: content.size, target: '' })), content, new BufferBytes(padding)];
}

interface Head {
  kind: string;
  path: string;
  size: number;
  target: string;
}

/** An entry's header, with an extended one before it if a plain one has no room. */
function headers(head: Head): Uint8Array {
  const records = [];
  if (!fits(head.path)) records.push(record('path', head.path));
  if (!fits(head.target)) records.push(record('linkpath', head.target));
  if (head.size > PLAIN_SIZE) records.push(record('size', String(head.size)));
  if (records.length === 0) return header(head);
  const content = utf8.encode(records.join(''));
  const room = Math.ceil(content.length / BLOCK) * BLOCK;
  const all = new Uint8Array(BLOCK + room + BLOCK);
  all.set(header({ kind: KIND.extended, path: 'pax', size: content.length, target: '' }));
  all.set(content, BLOCK);
  all.set(header({ ...head, size: Math.min(head.size, PLAIN_SIZE) }), BLOCK + room);
  return all;
}

/** `length key=value`, the length being that of all of it. */
function record(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  const bytes = utf8.encode(rest).length;
  let length = bytes + String(bytes).length;
  if (String(length).length > String(bytes).length) length = bytes + String(length).length;
  return `${length}${rest}`;
}

/** ASCII alone, for what plain headers mean by other bytes depends on who reads them. */
function fits(text: string): boolean {
  return text.length <= PLAIN && /^[\x20-\x7e]*$/.test(text);
}

function header({ kind, path, size, target }: Head): Uint8Array {
  const block = new Uint8Array(BLOCK);
  const put = (at: number, text: string, room = text.length) => block.set(utf8.encode(text).subarray(0, room), at);
  put(0, path, PLAIN);
  put(100, kind === KIND.directory ? '0000755\0' : '0000644\0');
  put(108, '0000000\0');
  put(116, '0000000\0');
  put(124, `${size.toString(8).padStart(11, '0')}\0`);
  put(136, '00000000000\0');
  put(148, '        ');
  put(156, kind);
  put(157, target, PLAIN);
  put(257, 'ustar\x0000');
  const sum = block.reduce((all, byte) => all + byte, 0);
  put(148, `${sum.toString(8).padStart(6, '0')}\0 `);
  return block;
}
