// Content that nobody has seen before, and its CIDs.

import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { once } from 'node:events';

export const KIB = 1 << 10;
export const MIB = 1 << 20;
export const GIB = 1 << 30;

const ZEROS = Buffer.alloc(MIB);

/** Pieces of random-looking bytes, `size` in all; the same for the same `seed` of 16 bytes. */
export function* pseudorandom(seed, size) {
  const cipher = createCipheriv('aes-128-ctr', seed, Buffer.alloc(16));
  for (let left = size; left > 0; left -= ZEROS.length) {
    yield cipher.update(left < ZEROS.length ? ZEROS.subarray(0, left) : ZEROS);
  }
}

/** Writes a file of new content and syncs it, so that nobody else waits for it later. */
export function writeNewFile(path, size) {
  const file = openSync(path, 'wx');
  for (const piece of pseudorandom(randomBytes(16), size)) writeSync(file, piece);
  fsyncSync(file);
  closeSync(file);
}

/** The CID of what `pieces` gives, as `tidegate cid` computes it. */
export async function cidOf(binaries, pieces) {
  const child = spawn(binaries.tidegate, ['cid', '--json', '-'], { stdio: ['pipe', 'pipe', 'inherit'] });
  let printed = '';
  child.stdout.on('data', (text) => {
    printed += text;
  });
  for await (const piece of pieces) {
    if (!child.stdin.write(piece)) await once(child.stdin, 'drain');
  }
  child.stdin.end();
  await once(child, 'close');
  return JSON.parse(printed).cid;
}

/** The CID of a file of one raw block, of version 1: needs no other program. */
export function rawCid(bytes) {
  const digest = createHash('sha256').update(bytes).digest();
  return `b${base32(Buffer.concat([Buffer.from([0x01, 0x55, 0x12, 0x20]), digest]))}`;
}

function base32(bytes) {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return bits.match(/.{1,5}/g).map((five) => 'abcdefghijklmnopqrstuvwxyz234567'[parseInt(five.padEnd(5, '0'), 2)]).join('');
}
