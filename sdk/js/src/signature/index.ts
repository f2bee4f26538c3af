// The signature that goes with everything that is pinned.

import { privateEncrypt } from '#platform';
import { TidegateError } from '../errors.js';
import { toBase64 } from './base64.js';
import { numbersOf, pkcs8Of } from './key.js';
import { signRaw } from './rsa.js';

/**
 * The `secret` of a CID: base64 of the RSA private-key operation over its text, padded as PKCS#1 v1.5 type 1, without a hash. It is always the same.
 *
 * @param privateKey PKCS#8, as one line of base64 or as PEM
 */
export function signCid(privateKey: string | undefined, cid: string): string {
  if (!privateKey) throw new TidegateError('privateKey is not set: pinning needs the RSA key of the account', { code: 'configuration' });
  const message = new TextEncoder().encode(cid);
  const pkcs8 = pkcs8Of(privateKey);
  // Read here in either case, so that a bad key is the same error everywhere.
  const key = numbersOf(pkcs8);
  return toBase64(privateEncrypt?.(pkcs8, message) ?? signRaw(key, message));
}
