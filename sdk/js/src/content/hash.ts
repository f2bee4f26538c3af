// The CID of whatever may be pinned, by the same reading that the server makes of an upload.

import { cidText } from './cid.js';
import { Tree } from './directory.js';
import { FileHasher } from './file.js';
import { type Entry, type Input, Once, type PinInput, understand } from './input.js';
import { type Dag, symlinkNode } from './node.js';
import { DEFAULT_PROFILE, type Profile, type ProfileName, PROFILES } from './profile.js';

/** How to hash. */
export interface HashOptions {
  /** Which CID is computed; `unixfs-v0-2015` if nothing is said, as with Decoo and Kubo. */
  profile?: ProfileName | undefined;
  /** For a list whose paths have one folder in common: whether the CID is that of a folder around it, instead of its own. */
  wrapWithDirectory?: boolean | undefined;
  /** Called with the number of bytes that were read. */
  onHashed?: ((bytes: number) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * The CID of a file or folder, without uploading it. Nothing is kept in memory; a stream is used up.
 *
 * @returns its usual text, `Qm…` or `bafy…`
 */
export async function getFileHash(input: PinInput, options: HashOptions = {}): Promise<string> {
  return cidText((await hashInput(await understand(input), options)).cid);
}

/** The profile of that name. */
export function profileOf(name: ProfileName | undefined): Profile {
  const profile = PROFILES[name ?? DEFAULT_PROFILE];
  if (!profile) throw new TypeError(`the profile is one of ${Object.keys(PROFILES).join(', ')}`);
  return profile;
}

/** Hashes what was understood, one file after the other. */
export async function hashInput(input: Input, options: HashOptions): Promise<Dag> {
  const profile = profileOf(options.profile);
  const roots = new Roots(profile, input, options);
  const hasher = new FileHasher(profile);
  for (const entry of input.entries) {
    if (typeof entry.what === 'string' || 'symlink' in entry.what) {
      await roots.add(entry);
      continue;
    }
    const pieces = entry.what instanceof Once ? entry.what.pieces : entry.what.read();
    for await (const piece of pieces) {
      options.signal?.throwIfAborted();
      await hasher.push(piece);
      options.onHashed?.(piece.length);
    }
    await roots.add(entry, await hasher.finish());
  }
  return roots.root();
}

/** The files of an upload, as they are finished. */
export class Roots {
  readonly #tree = new Tree();
  #sole: Dag | undefined;

  constructor(
    readonly profile: Profile,
    readonly input: Input,
    readonly options: HashOptions,
  ) {}

  /** Adds an entry; `file` is the root of one that is a file. */
  async add({ path, what }: Entry, file?: Dag): Promise<void> {
    if (what === 'directory') {
      this.#tree.directory(path);
      return;
    }
    const dag = file ?? (await symlinkNode(this.profile, (what as { symlink: string }).symlink));
    if (this.input.folder || this.options.wrapWithDirectory) this.#tree.add(path, dag);
    else this.#sole = dag;
  }

  /** The root of all. */
  async root(): Promise<Dag> {
    return this.#sole ?? this.#tree.root(this.profile, !this.options.wrapWithDirectory);
  }
}
