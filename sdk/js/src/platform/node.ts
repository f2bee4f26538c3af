// What Node has, beside the web's own interfaces.

import { constants, createPrivateKey, privateEncrypt as encrypt, webcrypto } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Bytes } from '../content/bytes.js';
import type { NamedBytes } from './web.js';

export type { NamedBytes } from './web.js';

/** How much of a file is read at once, in bytes. */
const READ = 1 << 20;

export const subtle: SubtleCrypto | undefined = webcrypto.subtle as SubtleCrypto;

export function randomBytes(count: number): Uint8Array {
  return webcrypto.getRandomValues(new Uint8Array(count));
}

export const streamed: ((body: ReadableStream<Uint8Array>) => RequestInit) | undefined = (body) =>
  // Half duplex is the only kind, and has to be said. A request that might be redirected keeps all that was sent, to send it again; `window`
  // belongs to that (Fetch, "HTTP-network-or-cache fetch").
  ({ body, duplex: 'half', redirect: 'error', window: null }) as RequestInit;

export const privateEncrypt: ((pkcs8: Uint8Array, message: Uint8Array) => Uint8Array) | undefined = (pkcs8, message) => {
  const key = createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' });
  return encrypt({ key, padding: constants.RSA_PKCS1_PADDING }, message);
};

/** What `fs.createReadStream` gave for a whole file, of which nothing was read yet: read by its path, as often as needed. */
export function reopened(input: unknown): Promise<NamedBytes | undefined> | undefined {
  const { path, bytesRead, start, end } = input as { path?: unknown; bytesRead?: number; start?: number; end?: number };
  const whole = (start === undefined || start === 0) && (end === undefined || end === Infinity);
  if (typeof path !== 'string' || bytesRead !== 0 || !whole) return undefined;
  return stat(path).then((found) => {
    if (!found.isFile()) return undefined;
    (input as { destroy?(): void }).destroy?.();
    return { name: basename(path), bytes: new PathBytes(path, found.size) };
  });
}

export function environment(name: string): string | undefined {
  return process.env[name];
}

/** The bytes of a file on the disk. */
export class PathBytes implements Bytes {
  constructor(
    readonly path: string,
    readonly size: number,
  ) {}

  async *read(start = 0, end = this.size): AsyncIterable<Uint8Array> {
    if (start < end) yield* createReadStream(this.path, { start, end: end - 1, highWaterMark: READ });
  }
}
