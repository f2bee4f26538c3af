// The content that testdata/vectors is about.

import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const VECTORS = join(import.meta.dirname, '..', '..', '..', '..', 'testdata', 'vectors');

/** A file of vectors. */
export function vectors(name) {
  return JSON.parse(readFileSync(join(VECTORS, `${name}.json`), 'utf8'));
}

/** The first `size` bytes of the content with that seed: SHA-256 of seed and number, one after the other. */
export function generated(seed, size) {
  const content = Buffer.alloc(Math.ceil(size / 32) * 32);
  const input = Buffer.alloc(16);
  input.writeBigUInt64BE(BigInt(seed));
  for (let block = 0; block * 32 < size; block += 1) {
    input.writeBigUInt64BE(BigInt(block), 8);
    hash('sha256', input, 'buffer').copy(content, block * 32);
  }
  return content.subarray(0, size);
}

/** `bytes` as something that is read in pieces of odd sizes, and but once. */
export async function* inPieces(bytes) {
  const sizes = [1, 65_536, 13, 262_143, 1_048_577];
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length];
    yield bytes.subarray(at, at + size);
    at += size;
  }
}
