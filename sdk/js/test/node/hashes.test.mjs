// The hash functions that are written here: against Node's, and known values.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { keccak256 } from '../../dist/hash/keccak256.js';
import { murmur3 } from '../../dist/hash/murmur3.js';
import { Sha256 } from '../../dist/hash/sha256.js';

const LENGTHS = [0, 1, 55, 56, 57, 63, 64, 65, 119, 120, 127, 128, 129, 135, 136, 137, 271, 272, 273, 1000, 70_000];

test('SHA-256 is SHA-256, in one piece and in many', () => {
  for (const length of LENGTHS) {
    const bytes = randomBytes(length);
    const expected = createHash('sha256').update(bytes).digest('hex');
    assert.equal(hex(new Sha256().update(bytes).digest()), expected, `${length} bytes`);
    const pieces = new Sha256();
    for (let at = 0, size = 1; at < length; at += size, size = (size * 3) % 101) pieces.update(bytes.subarray(at, at + size));
    assert.equal(hex(pieces.digest()), expected, `${length} bytes in pieces`);
  }
});

test('Keccak-256 is Ethereum’s, and with the other padding SHA3-256', () => {
  const known = (text) => hex(keccak256(Buffer.from(text)));
  assert.equal(known(''), 'c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470');
  assert.equal(known('abc'), '4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45');
  for (const length of LENGTHS.slice(0, -1)) {
    const bytes = randomBytes(length);
    assert.equal(hex(keccak256(bytes, 0x06)), createHash('sha3-256').update(bytes).digest('hex'), `${length} bytes`);
  }
});

test('murmur3 places names where the reference implementation does', () => {
  assert.equal(murmur3(Buffer.from('hello')), 0xcbd8a7b341bd9b02n);
  assert.equal(murmur3(new Uint8Array()), 0n);
});

function hex(bytes) {
  return Buffer.from(bytes).toString('hex');
}
