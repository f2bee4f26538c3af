// A file on its way: whole or not at all, however often the connection breaks.

import { readerPieces, streamOf } from '../content/input.js';
import { TidegateError } from '../errors.js';
import { toHex } from '../hash/hex.js';
import { Sha256 } from '../hash/sha256.js';
import { type RetryPolicy, Tries } from '../http/retry.js';
import { send } from '../http/send.js';
import { nameIn } from './disposition.js';
import { saveInBrowser, type SaveOptions } from './save.js';

/** What is done while bytes come. */
export interface DownloadOptions {
  /** Called again and again with the fraction that has come; 0 while the size is not known. */
  onProgress?: ((fraction: number, progress: { loaded: number; total: number | undefined }) => void) | undefined;
  /** The SHA-256 that the file must have, in hexadecimal: the last bytes are not given if it has another. */
  sha256?: string | undefined;
  signal?: AbortSignal | undefined;
}

/** Asks for the rest of a file, from `offset` on, with a ticket. */
export type Resume = (ticket: string, offset: number, etag: string | undefined, signal: AbortSignal | undefined) => Promise<Response>;

/** Asks by the ticket in the URL, which signatures and nonces are not. */
export function ticketed(url: string): Resume {
  return (ticket, offset, etag, signal) => {
    const headers = { Range: `bytes=${offset}-`, ...(etag && !etag.startsWith('W/') ? { 'If-Range': etag } : {}) };
    return send({ url: `${url}?${new URLSearchParams({ ticket })}`, headers, signal });
  };
}

/** An open download. Read it once: `for await (const bytes of download)`, `stream()`, `blob()` or `save()`. */
export class Download implements AsyncIterable<Uint8Array> {
  /** What the server calls the file. */
  readonly name: string;
  /** Bytes in all, if the server knows. */
  readonly size: number | undefined;
  /** Media type. */
  readonly type: string;
  readonly etag: string | undefined;
  readonly #resume: Resume;
  readonly #options: DownloadOptions;
  readonly #tries: Tries;
  #answer: Response;
  #ticket: string | undefined;
  #read = false;

  constructor(answer: Response, resume: Resume, retry: RetryPolicy, options: DownloadOptions) {
    const { headers } = answer;
    const length = headers.get('content-length');
    // What was packed is unpacked on the way, and its length says nothing.
    this.size = length === null || headers.has('content-encoding') ? undefined : Number(length);
    this.name = nameIn(headers.get('content-disposition')) ?? 'download';
    this.type = headers.get('content-type') ?? 'application/octet-stream';
    this.etag = headers.get('etag') ?? undefined;
    this.#ticket = headers.get('x-tidegate-resume') ?? undefined;
    this.#answer = answer;
    this.#resume = resume;
    this.#options = options;
    this.#tries = new Tries(retry, options.signal);
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    if (this.#read) throw new TypeError('a download is read once');
    this.#read = true;
    const { onProgress, sha256, signal } = this.#options;
    const hash = sha256 === undefined ? undefined : new Sha256();
    let held: Uint8Array | undefined;
    let loaded = 0;
    for await (const piece of this.#pieces()) {
      signal?.throwIfAborted();
      hash?.update(piece);
      if (held) yield held;
      loaded += piece.length;
      onProgress?.(this.size ? Math.min(1, loaded / this.size) : 0, { loaded, total: this.size });
      held = piece;
    }
    if (hash && toHex(hash.digest()) !== sha256!.toLowerCase().replace(/^0x/, '')) {
      throw new TidegateError(`${this.name} does not have the SHA-256 that it should have`, { code: 'mismatch' });
    }
    if (held) yield held;
  }

  /** The bytes as a stream. */
  stream(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return streamOf(this);
  }

  /** The whole file as a Blob, which browsers keep on the disk if it is large. */
  async blob(): Promise<Blob> {
    return new Response(this.stream(), { headers: { 'Content-Type': this.type } }).blob();
  }

  /**
   * Saves the file from a browser: to `handle` if there is one, else where the person says, in browsers with the File System Access API as it comes;
   * in others it becomes a Blob first. Nothing is saved of a download that fails.
   */
  save(options: SaveOptions = {}): Promise<void> {
    return saveInBrowser(this, options);
  }

  /** Lets go of a download that is not read to its end. */
  async cancel(): Promise<void> {
    this.#read = true;
    await this.#answer.body?.cancel();
  }

  /** The bytes, each once and in order, over as many connections as it takes. */
  async *#pieces(): AsyncIterable<Uint8Array> {
    let offset = 0;
    for (;;) {
      try {
        if (!this.#answer.body) throw new TidegateError('the answer has no body', { code: 'network' });
        for await (const piece of readerPieces(this.#answer.body)) {
          this.#tries.reset();
          offset += piece.length;
          yield piece;
        }
        // More than the length is what a packed file is when the browser does not show us that it was packed.
        if (this.size === undefined || offset >= this.size) return;
        throw new TidegateError(`the connection ended after ${offset} of ${this.size} bytes`, { code: 'network' });
      } catch (error) {
        this.#answer = await this.#reopened(offset, error);
      }
    }
  }

  /** An answer that goes on at `offset`. */
  async #reopened(offset: number, error: unknown): Promise<Response> {
    const { signal } = this.#options;
    signal?.throwIfAborted();
    let failure = error instanceof TidegateError ? error : new TidegateError(`the download broke off after ${offset} bytes`, { code: 'network', cause: error });
    if (!this.#ticket || this.#answer.headers.has('content-encoding')) throw failure;
    for (;;) {
      await this.#tries.after(failure);
      try {
        const answer = await this.#resume(this.#ticket, offset, this.etag, signal);
        this.#check(answer, offset);
        this.#ticket = answer.headers.get('x-tidegate-resume') ?? this.#ticket;
        return answer;
      } catch (next) {
        if (!(next instanceof TidegateError)) throw next;
        failure = next;
      }
    }
  }

  /** Whether an answer goes on with the same file, at this place. */
  #check(answer: Response, offset: number): void {
    const etag = answer.headers.get('etag') ?? undefined;
    const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(answer.headers.get('content-range') ?? '');
    const sameFile = !this.etag || !etag || this.etag === etag;
    const sameSize = !range || range[2] === '*' || this.size === undefined || Number(range[2]) === this.size;
    if (answer.status === 206 && Number(range?.[1]) === offset && sameFile && sameSize) return;
    answer.body?.cancel().catch(() => undefined);
    throw new TidegateError('the file has changed while it was downloaded', { code: 'changed', status: answer.status });
  }
}
