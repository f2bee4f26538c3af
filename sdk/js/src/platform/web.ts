// What browsers and workers have, and what they lack.

import type { Bytes } from '../content/bytes.js';

/** The platform's hash functions; pages without TLS have none. */
export const subtle: SubtleCrypto | undefined = globalThis.crypto?.subtle;

/** Random bytes that nobody can guess. */
export function randomBytes(count: number): Uint8Array {
  return globalThis.crypto.getRandomValues(new Uint8Array(count));
}

/** What sends a stream as the body of a request, if the platform can. Browsers take one over HTTP/2 alone. */
export const streamed: ((body: ReadableStream<Uint8Array>) => RequestInit) | undefined = undefined;

/** The RSA private-key operation, if the platform has it bare: WebCrypto has it with a hash only. */
export const privateEncrypt: ((pkcs8: Uint8Array, message: Uint8Array) => Uint8Array) | undefined = undefined;

/** A stream of the platform's own that can be opened again. */
export function reopened(_input: unknown): Promise<NamedBytes | undefined> | undefined {
  return undefined;
}

/** A setting from outside of the program. */
export function environment(_name: string): string | undefined {
  return undefined;
}

/** Bytes, and what the platform calls them. */
export interface NamedBytes {
  readonly name: string;
  readonly bytes: Bytes;
}
