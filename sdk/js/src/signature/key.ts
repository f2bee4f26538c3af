// RSA private keys as people have them: PKCS#8 as one line of base64, which the server shows, or PEM in either form.

import { TidegateError } from '../errors.js';
import { concat } from '../content/wire.js';
import { toHex } from '../hash/hex.js';
import { fromBase64 } from './base64.js';

const SEQUENCE = 0x30;
const INTEGER = 0x02;
const OCTET_STRING = 0x04;

/** `INTEGER 0`, then the algorithm: rsaEncryption without parameters. What stands before the key proper in PKCS#8. */
const PKCS8_HEAD = [0x02, 0x01, 0x00, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];

/** The numbers of a key. */
export interface RsaKey {
  /** Length of the modulus in bytes. */
  readonly bytes: number;
  readonly n: bigint;
  readonly e: bigint;
  readonly p: bigint;
  readonly q: bigint;
  readonly dp: bigint;
  readonly dq: bigint;
  readonly qInverse: bigint;
}

/** The key in PKCS#8, DER. */
export function pkcs8Of(text: string): Uint8Array {
  const armour = /-----BEGIN ([A-Z ]+)-----([\s\S]*?)-----END \1-----/.exec(text);
  const der = fromBase64(armour?.[2] ?? text);
  if (!der || (armour && !['PRIVATE KEY', 'RSA PRIVATE KEY'].includes(armour[1]!))) throw bad();
  if (armour?.[1] !== 'RSA PRIVATE KEY') return der;
  return element(SEQUENCE, concat([PKCS8_HEAD, element(OCTET_STRING, der)]));
}

/** The numbers in a key in PKCS#8. */
export function numbersOf(pkcs8: Uint8Array): RsaKey {
  const outer = new Reader(new Reader(pkcs8).take(SEQUENCE));
  outer.take(INTEGER);
  outer.take(SEQUENCE);
  const inner = new Reader(new Reader(outer.take(OCTET_STRING)).take(SEQUENCE));
  inner.take(INTEGER);
  const [n, e, , p, q, dp, dq, qInverse] = Array.from({ length: 8 }, () => numberOf(inner.take(INTEGER)));
  // An exponent or factor of nothing would make signatures that tell the key.
  if (!n || !e || !p || !q || !dp || !dq || !qInverse || p * q !== n) throw bad();
  return { bytes: Math.ceil(n.toString(16).length / 2), n, e, p, q, dp, dq, qInverse };
}

/** The number that these bytes are, the highest first. */
export function numberOf(bytes: Uint8Array): bigint {
  return BigInt(`0x${toHex(bytes) || '0'}`);
}

/** Reads DER. */
class Reader {
  #at = 0;

  constructor(readonly der: Uint8Array) {}

  /** The content of the next element, which must be of this kind. */
  take(tag: number): Uint8Array {
    if (this.#byte() !== tag) throw bad();
    let length = this.#byte();
    if (length > 0x84 || length === 0x80) throw bad();
    if (length > 0x80) {
      let more = length & 0x7f;
      for (length = 0; more > 0; more -= 1) length = length * 256 + this.#byte();
    }
    if (this.#at + length > this.der.length) throw bad();
    this.#at += length;
    return this.der.subarray(this.#at - length, this.#at);
  }

  #byte(): number {
    const byte = this.der[this.#at];
    if (byte === undefined) throw bad();
    this.#at += 1;
    return byte;
  }
}

function element(tag: number, content: Uint8Array): Uint8Array {
  const { length } = content;
  if (length < 0x80) return concat([[tag, length], content]);
  return concat([[tag, 0x82, length >> 8, length & 0xff], content]);
}

/** Nothing of the key is in it. */
function bad(): TidegateError {
  return new TidegateError('the private key is no RSA key in PKCS#8: neither one line of base64 nor PEM', { code: 'bad_key' });
}
