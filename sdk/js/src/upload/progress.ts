// How far an upload is, for whoever wants to show it.

/** What goes on: the content's CID is computed, or the content is sent. */
export interface Progress {
  phase: 'hashing' | 'uploading';
  /** Bytes of the phase that are done, and all of them; `total` is 0 for a stream, whose end nobody knows. */
  loaded: number;
  total: number;
}

/**
 * Called again and again while a file is pinned. `fraction` is how much of it has been sent, 0 to 1; it stays 0 while the CID is computed, which
 * `progress` tells of.
 */
export type OnProgress = (fraction: number, progress: Progress) => void;

/** Counts and tells. */
export class Meter {
  #hashed = 0;

  constructor(
    readonly total: number,
    readonly listener: OnProgress | undefined,
  ) {}

  /** So many more bytes have been hashed. */
  readonly hashed = (bytes: number): void => {
    this.#hashed += bytes;
    this.listener?.(0, { phase: 'hashing', loaded: this.#hashed, total: this.total });
  };

  /** So many bytes of `total` have been sent in all. */
  readonly sent = (loaded: number, total: number): void => {
    this.listener?.(total > 0 ? loaded / total : 0, { phase: 'uploading', loaded, total });
  };
}
