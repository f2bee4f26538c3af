// The first half of MurmurHash3's x64 form of 128 bits, which places names in sharded directories.

const MASK = (1n << 64n) - 1n;
const C1 = 0x87c37b91114253d5n;
const C2 = 0x4cf5ad432745937fn;

/** The hash of `bytes` with seed 0, as a number of 64 bits. */
export function murmur3(bytes: Uint8Array): bigint {
  const padded = new Uint8Array(Math.ceil(bytes.length / 16) * 16);
  padded.set(bytes);
  const view = new DataView(padded.buffer);
  const whole = bytes.length - (bytes.length % 16);
  let h1 = 0n;
  let h2 = 0n;
  for (let at = 0; at < padded.length; at += 16) {
    h1 ^= mix(view.getBigUint64(at, true), C1, 31n, C2);
    if (at < whole) h1 = (((rotate(h1, 27n) + h2) & MASK) * 5n + 0x52dce729n) & MASK;
    h2 ^= mix(view.getBigUint64(at + 8, true), C2, 33n, C1);
    if (at < whole) h2 = (((rotate(h2, 31n) + h1) & MASK) * 5n + 0x38495ab5n) & MASK;
  }
  h1 ^= BigInt(bytes.length);
  h2 ^= BigInt(bytes.length);
  h1 = (h1 + h2) & MASK;
  h2 = (h2 + h1) & MASK;
  return (final(h1) + final(h2)) & MASK;
}

function mix(k: bigint, first: bigint, bits: bigint, second: bigint): bigint {
  return (rotate((k * first) & MASK, bits) * second) & MASK;
}

function rotate(value: bigint, bits: bigint): bigint {
  return ((value << bits) | (value >> (64n - bits))) & MASK;
}

function final(h: bigint): bigint {
  h = ((h ^ (h >> 33n)) * 0xff51afd7ed558ccdn) & MASK;
  h = ((h ^ (h >> 33n)) * 0xc4ceb9fe1a85ec53n) & MASK;
  return h ^ (h >> 33n);
}
