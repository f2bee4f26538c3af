// A file's CID, from its bytes as they come. Memory is bounded by the profile, whatever the size of the file.
//
// Layout: https://specs.ipfs.tech/unixfs/#balanced. All leaves are equally deep, and a file of one leaf is that leaf.

import { type Dag, fileNode, leaf, leafFraming } from './node.js';
import type { Profile } from './profile.js';
import { PARALLEL } from './sha256.js';

/** Hashes one file after the other: `push` the bytes of one, then `finish` it. */
export class FileHasher {
  readonly #profile: Profile;
  #tree: BalancedTree;
  /** The block of a full leaf, with room for what stands around the content. */
  readonly #block: Uint8Array;
  readonly #head: number;
  #filled = 0;
  #leaves = 0;
  readonly #underWay: Promise<Dag>[] = [];

  constructor(profile: Profile) {
    this.#profile = profile;
    this.#tree = new BalancedTree(profile);
    const { head, tail } = framing(profile, profile.chunk);
    this.#block = new Uint8Array(head.length + profile.chunk + tail.length);
    this.#block.set(head);
    this.#block.set(tail, head.length + profile.chunk);
    this.#head = head.length;
  }

  /** Adds the next bytes, in pieces of any size. They are copied: their memory may be used again. */
  async push(bytes: Uint8Array): Promise<void> {
    const { chunk } = this.#profile;
    for (let at = 0; at < bytes.length; ) {
      const piece = bytes.subarray(at, at + chunk - this.#filled);
      this.#block.set(piece, this.#head + this.#filled);
      this.#filled += piece.length;
      at += piece.length;
      if (this.#filled < chunk) continue;
      this.#filled = 0;
      await this.#add(this.#block, chunk);
    }
  }

  /** Ends the file and gives its root; the next may follow. */
  async finish(): Promise<Dag> {
    if (this.#filled > 0 || this.#leaves === 0) {
      const { head, tail } = framing(this.#profile, this.#filled);
      const block = new Uint8Array(head.length + this.#filled + tail.length);
      block.set(head);
      block.set(this.#block.subarray(this.#head, this.#head + this.#filled), head.length);
      block.set(tail, head.length + this.#filled);
      await this.#add(block, this.#filled);
    }
    while (this.#underWay.length > 0) await this.#take();
    const tree = this.#tree;
    this.#tree = new BalancedTree(this.#profile);
    this.#filled = this.#leaves = 0;
    return tree.finish();
  }

  /** Starts hashing a leaf, and waits for the oldest one while too many are under way. */
  async #add(block: Uint8Array, size: number): Promise<void> {
    this.#leaves += 1;
    const dag = leaf(this.#profile, block, size);
    dag.catch(() => undefined); // It is thrown where it is waited for.
    this.#underWay.push(dag);
    if (this.#underWay.length >= PARALLEL) await this.#take();
  }

  async #take(): Promise<void> {
    const dag = await this.#underWay.shift()!;
    await this.#tree.add(dag);
  }
}

/** A tree under construction: for every level the children that have no parent yet, leaves first. */
class BalancedTree {
  readonly #levels: Dag[][] = [];

  constructor(readonly profile: Profile) {}

  async add(leaf: Dag): Promise<void> {
    let child = leaf;
    for (let level = 0; ; level += 1) {
      const siblings = (this.#levels[level] ??= []);
      siblings.push(child);
      if (siblings.length < this.profile.width) return;
      this.#levels[level] = [];
      child = await fileNode(this.profile, siblings);
    }
  }

  async finish(): Promise<Dag> {
    let below: Dag | undefined;
    for (const [level, siblings] of this.#levels.entries()) {
      const children = below ? [...siblings, below] : siblings;
      const top = level === this.#levels.length - 1;
      if (children.length === 0) below = undefined;
      else if (top && children.length === 1) below = children[0];
      // The last node of a level is there even if it has one child only.
      else below = await fileNode(this.profile, children);
    }
    return below!;
  }
}

function framing(profile: Profile, size: number): { head: number[]; tail: number[] } {
  return profile.rawLeaves ? { head: [], tail: [] } : leafFraming(size);
}
