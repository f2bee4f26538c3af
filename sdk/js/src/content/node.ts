// DAG-PB nodes with UnixFS messages: https://specs.ipfs.tech/unixfs/#dag-pb-node

import { cidOf, DAG_PB, RAW } from './cid.js';
import type { Profile } from './profile.js';
import { sha256 } from './sha256.js';
import { bytesField, bytesHead, concat, numberField } from './wire.js';

const LINK = { hash: 1, name: 2, tsize: 3 };
const NODE = { data: 1, links: 2 };
const MESSAGE = { type: 1, data: 2, fileSize: 3, blockSizes: 4, hashType: 5, fanout: 6 };
const KIND = { directory: 1, file: 2, symlink: 4, shard: 5 };

/** The hash function of sharded directories: the first half of murmur3-x64-128. */
const MURMUR3_X64_64 = 0x22;
/** Slots of a shard. */
export const FANOUT = 256;

const utf8 = new TextEncoder();

/** What is known of a file or directory, or of a part of one. */
export interface Dag {
  readonly cid: Uint8Array;
  /** Bytes of content. */
  readonly size: number;
  /** Bytes of all blocks. */
  readonly dagSize: number;
}

/** A named link to it. */
export interface Link {
  readonly name: string;
  readonly dag: Dag;
}

/** What stands before and behind `length` bytes of content in a leaf that is no raw block. */
export function leafFraming(length: number): { head: number[]; tail: number[] } {
  const type = numberField(MESSAGE.type, KIND.file);
  // An empty file has no field for its content, as in Kubo.
  const data = length > 0 ? bytesHead(MESSAGE.data, length) : [];
  const tail = numberField(MESSAGE.fileSize, length);
  const message = type.length + data.length + length + tail.length;
  return { head: [...bytesHead(NODE.data, message), ...type, ...data], tail };
}

/** A leaf, from its whole block. */
export async function leaf(profile: Profile, block: Uint8Array, size: number): Promise<Dag> {
  const codec = profile.rawLeaves ? RAW : DAG_PB;
  // The hash is begun at once, so that the block's memory may be used again.
  const digest = await sha256(block);
  return { cid: cidOf(profile.cidVersion, codec, digest), size, dagSize: block.length };
}

/** A node of a file, above these parts of it. */
export function fileNode(profile: Profile, children: Dag[]): Promise<Dag> {
  const size = children.reduce((sum, child) => sum + child.size, 0);
  const sizes = children.flatMap((child) => numberField(MESSAGE.blockSizes, child.size));
  const message = [...numberField(MESSAGE.type, KIND.file), ...numberField(MESSAGE.fileSize, size), ...sizes];
  return put(profile, message, children.map((dag) => ({ name: '', dag })), size);
}

/** A directory in one node; its links come in the order of their names' bytes. */
export function directoryNode(profile: Profile, links: Link[]): Promise<Dag> {
  return put(profile, numberField(MESSAGE.type, KIND.directory), links);
}

/** A symbolic link to `target`. */
export async function symlinkNode(profile: Profile, target: string): Promise<Dag> {
  const message = concat([numberField(MESSAGE.type, KIND.symlink), bytesField(MESSAGE.data, utf8.encode(target))]);
  return put(profile, message, [], 0);
}

/** A part of a sharded directory: `taken` is its bit field. */
export function shardNode(profile: Profile, taken: Uint8Array, links: Link[]): Promise<Dag> {
  const message = concat([
    numberField(MESSAGE.type, KIND.shard),
    bytesField(MESSAGE.data, taken),
    numberField(MESSAGE.hashType, MURMUR3_X64_64),
    numberField(MESSAGE.fanout, FANOUT),
  ]);
  return put(profile, message, links);
}

/** A link as it stands in a node. */
export function linkField({ name, dag }: Link): Uint8Array {
  const fields = [bytesField(LINK.hash, dag.cid), bytesField(LINK.name, utf8.encode(name)), numberField(LINK.tsize, dag.dagSize)];
  return bytesField(NODE.links, concat(fields));
}

async function put(profile: Profile, message: ArrayLike<number>, links: Link[], size?: number): Promise<Dag> {
  // Links come before the data, against the order of their numbers.
  const block = concat([...links.map(linkField), bytesField(NODE.data, message)]);
  const cid = cidOf(profile.cidVersion, DAG_PB, await sha256(block));
  const below = (count: (dag: Dag) => number) => links.reduce((sum, link) => sum + count(link.dag), 0);
  return { cid, size: size ?? below((dag) => dag.size), dagSize: block.length + below((dag) => dag.dagSize) };
}
