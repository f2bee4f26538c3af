// A tree of directories, from paths to its root; large ones are sharded.

import { TidegateError } from '../errors.js';
import { type Dag, directoryNode, FANOUT, type Link, linkField, shardNode } from './node.js';
import { murmur3 } from '../hash/murmur3.js';
import type { Profile } from './profile.js';

/** A directory whose estimate is above this many bytes is sharded. */
const SHARD_THRESHOLD = 262_144;
/** Bytes of a directory's own message in its block. */
const EMPTY_DIRECTORY = 4;
/** Levels until a name's hash is used up. */
const LEVELS = 8;

const utf8 = new TextEncoder();

/** A directory being put together. */
export class Tree {
  readonly #entries = new Map<string, Dag | Tree>();

  /** Adds a file or symbolic link at `path`; directories on the way are made. */
  add(path: readonly string[], dag: Dag): void {
    const parent = this.directory(path.slice(0, -1));
    const name = path[path.length - 1]!;
    if (parent.#entries.has(name)) throw new TidegateError(`${path.join('/')} is there twice`, { code: 'bad_path' });
    parent.#entries.set(name, dag);
  }

  /** The directory at `path`, made if it is not there. */
  directory(path: readonly string[]): Tree {
    let at: Tree = this;
    for (const name of path) {
      const next = at.#entries.get(name) ?? new Tree();
      if (!(next instanceof Tree)) throw new TidegateError(`${path.join('/')} leads through a file`, { code: 'bad_path' });
      at.#entries.set(name, next);
      at = next;
    }
    return at;
  }

  /** The root: of this directory, or if `unwrap` and there is but one thing in it, of that. */
  async root(profile: Profile, unwrap: boolean): Promise<Dag> {
    const [only, ...more] = this.#entries.values();
    if (unwrap && only && more.length === 0) return only instanceof Tree ? only.root(profile, false) : only;
    const links: Link[] = [];
    for (const [name, entry] of this.#entries) {
      links.push({ name, dag: entry instanceof Tree ? await entry.root(profile, false) : entry });
    }
    links.sort((a, b) => compareBytes(utf8.encode(a.name), utf8.encode(b.name)));
    if (estimate(profile, links) <= SHARD_THRESHOLD) return directoryNode(profile, links);
    const placed = links.map((link) => ({ ...link, hash: murmur3(utf8.encode(link.name)) }));
    placed.sort((a, b) => (a.hash < b.hash ? -1 : a.hash > b.hash ? 1 : 0));
    return shard(profile, placed, 0);
  }
}

interface Placed extends Link {
  readonly hash: bigint;
}

/** The shard at `level` with these entries, which are sorted by hash. */
async function shard(profile: Profile, entries: Placed[], level: number): Promise<Dag> {
  if (level === LEVELS) throw new TidegateError(`${entries[0]!.name} and another name have the same hash`, { code: 'bad_path' });
  const taken = new Uint8Array(FANOUT / 8);
  const links: Link[] = [];
  for (let at = 0; at < entries.length; ) {
    const slot = slotOf(entries[at]!, level);
    let end = at + 1;
    while (end < entries.length && slotOf(entries[end]!, level) === slot) end += 1;
    taken[taken.length - 1 - (slot >> 3)]! |= 1 << (slot & 7);
    const prefix = slot.toString(16).toUpperCase().padStart(2, '0');
    const first = entries[at]!;
    if (end === at + 1) links.push({ name: prefix + first.name, dag: first.dag });
    else links.push({ name: prefix, dag: await shard(profile, entries.slice(at, end), level + 1) });
    at = end;
  }
  // Kubo keeps the bit field as a number: no zero bytes in front.
  return shardNode(profile, taken.subarray(taken.findIndex((byte) => byte !== 0)), links);
}

function slotOf(entry: Placed, level: number): number {
  return Number((entry.hash >> BigInt(56 - 8 * level)) & 0xffn);
}

function estimate(profile: Profile, links: Link[]): number {
  if (profile.estimate === 'block') return links.reduce((sum, link) => sum + linkField(link).length, EMPTY_DIRECTORY);
  return links.reduce((sum, { name, dag }) => sum + utf8.encode(name).length + dag.cid.length, 0);
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (let at = 0; at < a.length && at < b.length; at += 1) {
    if (a[at] !== b[at]) return a[at]! - b[at]!;
  }
  return a.length - b.length;
}
