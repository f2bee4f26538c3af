// The RSA private-key operation over a PKCS#1 v1.5 block of type 1, without a hash, in big integers.
//
// For platforms that have no such operation: WebCrypto signs hashes only. RFC 8017, section 5.2.1 and (type 1) 9.2.

import { randomBytes } from '#platform';
import { TidegateError } from '../errors.js';
import { numberOf, type RsaKey } from './key.js';

/** Bytes around the message: 00 01, at least eight of FF, 00. */
const AROUND = 11;
/** How many bits of an exponent are taken at once. */
const WINDOW = 4n;

/** The signature of `message`, as long as the key's modulus. */
export function signRaw(key: RsaKey, message: Uint8Array): Uint8Array {
  if (message.length + AROUND > key.bytes) throw new TidegateError('the RSA key is too short for this CID', { code: 'bad_key' });
  const block = new Uint8Array(key.bytes).fill(0xff);
  block.set([0x00, 0x01]);
  block.set([0x00, ...message], key.bytes - message.length - 1);
  const padded = numberOf(block);
  // The time that big integers take depends on their values, so the one that is raised is one that nobody knows.
  const blind = randomBelow(key.n, key.bytes);
  const blinded = raise((padded * power(blind, key.e, key.n)) % key.n, key);
  const signature = (blinded * inverse(blind, key.n)) % key.n;
  // A fault in one half would tell the factors.
  if (power(signature, key.e, key.n) !== padded) throw new TidegateError('the RSA key contradicts itself', { code: 'bad_key' });
  return bytesOf(signature, key.bytes);
}

/** The private-key operation by the Chinese remainder theorem. */
function raise(base: bigint, { p, q, dp, dq, qInverse }: RsaKey): bigint {
  const one = fixedPower(base % p, dp, p);
  const two = fixedPower(base % q, dq, q);
  return two + q * ((((one - two) * qInverse) % p + p) % p);
}

/** A power with a secret exponent: the same steps whatever its bits are. */
function fixedPower(base: bigint, exponent: bigint, modulus: bigint): bigint {
  const table = [1n];
  for (let index = 1; index < 1 << Number(WINDOW); index += 1) table.push((table[index - 1]! * base) % modulus);
  const digits = BigInt(Math.ceil(modulus.toString(16).length));
  let result = 1n;
  for (let digit = digits - 1n; digit >= 0n; digit -= 1n) {
    for (let bit = 0n; bit < WINDOW; bit += 1n) result = (result * result) % modulus;
    result = (result * table[Number((exponent >> (digit * WINDOW)) & 15n)]!) % modulus;
  }
  return result;
}

/** A power with an exponent that everybody knows. */
function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  for (let square = base; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}

function inverse(value: bigint, modulus: bigint): bigint {
  let [a, b, x, y] = [modulus, value, 0n, 1n];
  while (b !== 0n) [a, b, x, y] = [b, a % b, y, x - (a / b) * y];
  return ((x % modulus) + modulus) % modulus;
}

/** A random number that has an inverse: but for one in 2^500, all have that share no factor with the key. */
function randomBelow(modulus: bigint, bytes: number): bigint {
  for (;;) {
    const value = numberOf(randomBytes(bytes));
    if (value > 1n && value < modulus) return value;
  }
}

function bytesOf(value: bigint, length: number): Uint8Array {
  const digits = value.toString(16).padStart(length * 2, '0');
  return Uint8Array.from({ length }, (_, at) => parseInt(digits.slice(at * 2, at * 2 + 2), 16));
}
