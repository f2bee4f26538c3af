// CIDs as bytes, and as people read them.

import { base32, base58 } from './base.js';

/** Multicodec of blocks that are bytes and nothing else. */
export const RAW = 0x55;
/** Multicodec of dag-pb. */
export const DAG_PB = 0x70;

const SHA2_256 = 0x12;

/** The CID of a block with this SHA-256; of version 0 for dag-pb alone. */
export function cidOf(version: 0 | 1, codec: number, sha256: Uint8Array): Uint8Array {
  const multihash = [SHA2_256, sha256.length, ...sha256];
  return Uint8Array.from(version === 0 && codec === DAG_PB ? multihash : [1, codec, ...multihash]);
}

/** The usual text of a CID: base58 for version 0, lower-case base32 for version 1. */
export function cidText(cid: Uint8Array): string {
  return cid[0] === SHA2_256 ? base58(cid) : `b${base32(cid)}`;
}
