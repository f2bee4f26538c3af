// Uploads that go on where they were: tus 1.0 (https://tus.io/protocols/resumable-upload) at /api/v1/uploads.

import { type Bytes, BufferBytes, collected } from '../content/bytes.js';
import { errorOf, TidegateError } from '../errors.js';
import { retried, Tries } from '../http/retry.js';
import { type Call, sendAny } from '../http/send.js';
import type { Settings } from '../settings.js';
import { toBase64 } from '../signature/base64.js';
import { withToken } from '../token.js';
import { Remembered } from './store.js';

const VERSION = '1.0.0';
const DEFAULT_CHUNK = 16 << 20;
/** The upload is not there (any more): it has expired, or was refused at its end. */
const GONE = [403, 404, 410];
/** Too slow; not the offset that we think; somebody else still writes; spoiled on the way. */
const ASK_AGAIN = [408, 409, 423, 460];

/** What is uploaded. */
export interface ResumableUpload {
  readonly bytes: Bytes;
  /** What the server is told of it: `cid`, `secret`, `filename` and so on. */
  readonly metadata: Record<string, string>;
  /** What it is known by in the store. */
  readonly key: string;
  readonly onSent: (bytes: number) => void;
  readonly signal: AbortSignal | undefined;
}

/** Uploads it, going on with an earlier try if the store knows one. `undefined` if the server has no resumable uploads. */
export async function uploadResumably(settings: Settings, upload: ResumableUpload): Promise<UploadState | undefined> {
  return new Tus(settings, upload).run();
}

/** What the server tells of an upload. */
export interface UploadState {
  state: string;
  pin?: { cid: string; size: number; date: string; visibility: 'public' | 'private' } | null;
  error?: { code: string; message: string } | null;
}

class Tus {
  readonly #remembered: Remembered;
  readonly #tries: Tries;
  readonly #uploads: string;
  #location = '';

  constructor(
    readonly settings: Settings,
    readonly upload: ResumableUpload,
  ) {
    this.#uploads = `${settings.endpoint}/api/v1/uploads`;
    this.#remembered = new Remembered(settings.storage, `tidegate-upload ${settings.endpoint} ${upload.key}`);
    this.#tries = new Tries(settings.retry, upload.signal);
  }

  async run(): Promise<UploadState | undefined> {
    let offset = await this.#offsetOfEarlierTry();
    for (let anew = 0; ; anew += 1) {
      if (offset === undefined) {
        if (!(await this.#isOffered())) return undefined;
        await this.#create();
        offset = 0;
      }
      const ended = await this.#sendFrom(offset);
      const state = await this.#state();
      // Either way nothing is left to go on with.
      await this.#remembered.forget();
      if (state?.error) throw new TidegateError(state.error.message, { status: 400, code: state.error.code });
      if (ended && state) return state;
      // Nobody throws uploads away as fast as they are made.
      if (anew === 1) throw new TidegateError('the server lost the upload, twice', { code: 'gone' });
      offset = undefined;
    }
  }

  /** Where an upload stands that the store remembers. */
  async #offsetOfEarlierTry(): Promise<number | undefined> {
    const location = await this.#remembered.read();
    if (!location?.startsWith(`${this.settings.endpoint}/`)) return undefined;
    this.#location = location;
    return this.#offset();
  }

  /** Where the upload stands now; `undefined` if it is not there. */
  async #offset(): Promise<number | undefined> {
    const answer = await this.#persistently({ method: 'HEAD', url: this.#location });
    if (GONE.includes(answer.status)) return undefined;
    if (!answer.ok) throw await errorOf(answer);
    return this.#offsetIn(answer);
  }

  /** Asks whether the server has such uploads: only then may pages send it the protocol's headers. */
  async #isOffered(): Promise<boolean> {
    const { signal } = this.upload;
    const answer = await retried(this.settings.retry, signal, () => sendAny({ method: 'OPTIONS', url: this.#uploads, signal }));
    await answer.body?.cancel();
    return answer.ok && (answer.headers.get('tus-version') ?? '').split(',').includes(VERSION);
  }

  async #create(): Promise<void> {
    const { bytes, metadata } = this.upload;
    const pairs = Object.entries(metadata).map(([name, value]) => `${name} ${toBase64(new TextEncoder().encode(value))}`);
    const headers = { 'Upload-Length': String(bytes.size), 'Upload-Metadata': pairs.join(',') };
    const answer = await this.#persistently({ method: 'POST', url: this.#uploads, headers });
    if (!answer.ok) throw await errorOf(answer);
    const location = new URL(answer.headers.get('location') ?? '', this.#uploads);
    // The token goes there, too.
    if (location.origin !== new URL(this.#uploads).origin) throw new TidegateError(`the server sends the upload to another host, ${location.origin}`, { code: 'protocol' });
    this.#location = location.href;
    await this.#remembered.write(location.href);
  }

  /** Sends what is missing, part by part. False if the upload has gone. */
  async #sendFrom(start: number): Promise<boolean> {
    const { bytes, onSent } = this.upload;
    const chunk = this.settings.chunkSize ?? DEFAULT_CHUNK;
    let offset = start;
    onSent(offset);
    // A part of no bytes is sent when all are there but we do not know what became of them.
    for (let ended = false; !ended; ) {
      const end = Math.min(offset + chunk, bytes.size);
      try {
        const reached = await this.#patch(offset, end);
        if (reached === undefined) return false;
        if (reached > offset) this.#tries.reset();
        ended = end === bytes.size && reached === end;
        offset = reached;
      } catch (error) {
        await this.#tries.after(error);
        const known = await this.#offset();
        if (known === undefined) return false;
        offset = known;
      }
      onSent(offset);
    }
    return true;
  }

  /** Sends one part, and gives where the upload stands then: not at the part's end if the server has not got all of it. */
  async #patch(offset: number, end: number): Promise<number | undefined> {
    const { bytes, onSent } = this.upload;
    const body = bytes.blob ? new Part(bytes, offset, end) : new BufferBytes(await collected(bytes, offset, end));
    if (body.size !== end - offset) throw new TidegateError('the content became shorter while it was uploaded', { code: 'changed' });
    const answer = await this.#authorized({
      method: 'PATCH',
      url: this.#location,
      headers: { 'Content-Type': 'application/offset+octet-stream', 'Upload-Offset': String(offset) },
      body,
      onSent: (sent) => onSent(offset + sent),
    });
    if (answer.ok) return this.#offsetIn(answer);
    if (GONE.includes(answer.status)) return undefined;
    const error = await errorOf(answer);
    if (!ASK_AGAIN.includes(answer.status)) throw error;
    throw new TidegateError(error.message, { ...error, code: 'network', cause: error });
  }

  #offsetIn(answer: Response): number {
    const offset = Number(answer.headers.get('upload-offset') ?? NaN);
    if (Number.isInteger(offset) && offset >= 0 && offset <= this.upload.bytes.size) return offset;
    throw new TidegateError('the server does not say how much of the upload it has', { code: 'protocol', status: answer.status });
  }

  /** What became of the upload, if the server still knows. */
  async #state(): Promise<UploadState | undefined> {
    const answer = await this.#persistently({ url: this.#location });
    if (GONE.includes(answer.status)) return undefined;
    if (!answer.ok) throw await errorOf(answer);
    return answer.json();
  }

  /** Sends a request that may be repeated until it is answered. */
  async #persistently(call: Call): Promise<Response> {
    for (;;) {
      try {
        const answer = await this.#authorized(call);
        if (answer.status !== 423 && answer.status !== 429 && answer.status < 502) return answer;
        throw await errorOf(answer);
      } catch (error) {
        await this.#tries.after(error);
      }
    }
  }

  #authorized(call: Call): Promise<Response> {
    const { signal } = this.upload;
    return withToken(this.settings, signal, async (token) => {
      const headers = { ...call.headers, UserAccessToken: token, 'Tus-Resumable': VERSION };
      const answer = await sendAny({ ...call, headers, signal });
      if (answer.status === 401) throw await errorOf(answer);
      return answer;
    });
  }
}

/** A part of something that browsers send without reading it into memory. */
class Part implements Bytes {
  readonly size: number;

  constructor(
    readonly whole: Bytes,
    readonly start: number,
    readonly end: number,
  ) {
    this.size = end - start;
  }

  read(): AsyncIterable<Uint8Array> {
    return this.whole.read(this.start, this.end);
  }

  blob(): Blob {
    return this.whole.blob!(this.start, this.end);
  }
}
