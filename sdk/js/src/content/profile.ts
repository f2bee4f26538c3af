// The named sets of choices that decide which CID content gets. IPIP-0499 names them: https://specs.ipfs.tech/ipips/ipip-0499/

/** Everything that decides a CID beside the content. */
export interface Profile {
  readonly name: string;
  readonly cidVersion: 0 | 1;
  /** Bytes in each chunk of a file. */
  readonly chunk: number;
  /** The most links of a file's node. */
  readonly width: number;
  /** Whether chunks are blocks as they are, or inside dag-pb. */
  readonly rawLeaves: boolean;
  /** How a directory is measured: by its names and CIDs, or by its block. */
  readonly estimate: 'links' | 'block';
}

const V0_2015: Profile = { name: 'unixfs-v0-2015', cidVersion: 0, chunk: 262_144, width: 174, rawLeaves: false, estimate: 'links' };

/** The profiles that a server knows by name. */
export const PROFILES = {
  /** CIDv0: what Kubo does by default, and what Decoo's clients do. */
  'unixfs-v0-2015': V0_2015,
  /** CIDv1 with raw leaves and the sizes of 2015. */
  'v1-raw-256k-174': { ...V0_2015, name: 'v1-raw-256k-174', cidVersion: 1, rawLeaves: true },
  /** CIDv1, chunks of 1 MiB: for new content. */
  'unixfs-v1-2025': { name: 'unixfs-v1-2025', cidVersion: 1, chunk: 1_048_576, width: 1024, rawLeaves: true, estimate: 'block' },
} as const satisfies Record<string, Profile>;

/** The name of a profile. */
export type ProfileName = keyof typeof PROFILES;

/** What everybody gets who names no profile. */
export const DEFAULT_PROFILE: ProfileName = 'unixfs-v0-2015';
