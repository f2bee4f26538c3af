// SHA-256: by the platform where it offers one, which pages without TLS do not get.

import { subtle } from '#platform';
import { Sha256 } from '../hash/sha256.js';

/** How many hashes are worth being under way at once. */
export const PARALLEL = subtle ? 8 : 1;

/** The SHA-256 of `bytes`, which are copied before this comes back with a promise, so their memory may be used again. */
export async function sha256(bytes: Uint8Array): Promise<Uint8Array> {
  return subtle ? new Uint8Array(await subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>)) : new Sha256().update(bytes).digest();
}
