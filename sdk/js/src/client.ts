// The client: a program's own account on a server. Names and arguments are those of Decoo's SDK, with more behind them.

import { retried } from './http/retry.js';
import { send } from './http/send.js';
import { type CloudOptions, type Options, type Settings, bearer, settingsOf } from './settings.js';
import { signCid } from './signature/index.js';
import { withToken } from './token.js';
import type { PinInput } from './content/input.js';
import { pinFile, type PinFileOptions, type PinRes } from './upload/pin-file.js';
import type { OnProgress } from './upload/progress.js';

/** A server that takes content. */
export interface Endpoint {
  id: number;
  name: string;
  apiHost: string;
}

/** What a CID is asked for became. */
export interface PinHashRes {
  HashToPin: string;
  JobId: string;
  JobStatus: JobStatus;
}

export type JobStatus = 'queued' | 'pinning' | 'pinned' | 'failed';

/** Which part of a list: newest first, 5 of them from the start on, if nothing is said. */
export interface Page {
  sort?: 'ASC' | 'DESC' | undefined;
  offset?: number | undefined;
  /** At most 1000. */
  limit?: number | undefined;
  signal?: AbortSignal | undefined;
}

/** Which jobs. */
export interface JobFilter extends Page {
  pinHash?: string | undefined;
  status?: JobStatus | undefined;
}

/** Which pins. Both ends are included. */
export interface PinFilter extends Page {
  startDate?: Date | string | undefined;
  endDate?: Date | string | undefined;
}

/** Jobs; `Count` is of all pages. */
export interface JobList {
  Count: number;
  Jobs: { Id: string; Status: JobStatus; PinHash: string }[];
}

/** Pins; `Count` is of all pages. */
export interface PinList {
  Count: number;
  Pins: { Id: number; PinHash: string; PinSize: number; PinDate: string; Metadata: { name?: string } }[];
}

/** How Decoo's SDK is told to stop: axios' source of a token. An AbortController or its signal will do, too. */
export type Cancel = AbortSignal | { readonly signal: AbortSignal } | { readonly token: { readonly promise: PromiseLike<unknown> } };

/** A client for `options`; a text is the `url` alone, of which `listEndpoints` tells. */
export function create(options: Options | string = {}): Client {
  return new Client(typeof options === 'string' ? { url: options } : options);
}

/** The servers that content can be sent to. */
export async function listEndpoints(options: CloudOptions & { signal?: AbortSignal | undefined }): Promise<Endpoint[]> {
  return listed(settingsOf(options), '/endpoint/list', {}, options.signal);
}

/** An account on a server. Methods may be taken out of it: `const { pinFile } = client`. */
export class Client {
  readonly options: Options;

  constructor(options: Options) {
    this.options = options;
  }

  /**
   * Pins a file or a folder: computes its CID, signs it, and sends the content; nothing is held in memory whole. Large content goes in parts and is
   * resumed after errors, see {@link Options.resumableFrom}.
   *
   * @param file text, bytes, a Blob or File, a stream, `{ path, content }`, or a list of Files or of `{ path, content }` for a folder
   * @param options or, as with Decoo's SDK, a function that is told the fraction that was sent
   */
  readonly pinFile = async (file: PinInput, options?: PinFileOptions | OnProgress | null, cancel?: Cancel | null): Promise<PinRes> => {
    const given = typeof options === 'function' ? { onProgress: options } : (options ?? {});
    return pinFile(this.#settings(), file, { ...given, signal: given.signal ?? signalOf(cancel) });
  };

  /** Asks for content by its CID. It is brought in soon: {@link Client.pinJobs} tells what becomes of it. */
  readonly pinByHash = async (cid: string, { name, signal }: { name?: string; signal?: AbortSignal } = {}): Promise<PinHashRes> => {
    const settings = this.#settings();
    const metadata = name === undefined ? {} : { decooMetadata: { name } };
    const body = JSON.stringify({ hashToPin: cid, secret: signCid(settings.privateKey, cid), ...metadata });
    return withToken(settings, signal, async (token) => {
      const headers = { UserAccessToken: token, 'Content-Type': 'application/json' };
      return (await send({ method: 'POST', url: `${settings.endpoint}/pinning/pinByHash`, headers, body, signal })).json();
    });
  };

  /** What was asked for, and what became of it. */
  readonly pinJobs = async ({ pinHash, status, sort, offset, limit, signal }: JobFilter = {}): Promise<JobList> => {
    return listed(this.#settings(), '/pinning/pinJobs', { 'pin-hash': pinHash, status, sort, offset, limit }, signal);
  };

  /** What is pinned. */
  readonly pinList = async ({ startDate, endDate, sort, offset, limit, signal }: PinFilter = {}): Promise<PinList> => {
    const dates = { 'start-date': textOf(startDate), 'end-date': textOf(endDate) };
    return listed(this.#settings(), '/pinning/pinList', { ...dates, sort, offset, limit }, signal);
  };

  /** Removes all of the account's pins of a CID, and its requests for it. */
  readonly unpin = async (cid: string, { signal }: { signal?: AbortSignal } = {}): Promise<void> => {
    const settings = this.#settings();
    const call = { method: 'DELETE', url: `${settings.cloud}/pinning/unpin/${encodeURIComponent(cid)}`, headers: bearer(settings), signal };
    const answer = await retried(settings.retry, signal, () => send(call));
    await answer.body?.cancel();
  };

  #settings(): Settings {
    return settingsOf(this.options);
  }
}

async function listed<T>(settings: Settings, path: string, query: Record<string, unknown>, signal?: AbortSignal): Promise<T> {
  const said = Object.entries(query).filter(([, value]) => value !== undefined && value !== null);
  const parameters = new URLSearchParams(said.map(([name, value]): [string, string] => [name, String(value)]));
  const call = { url: `${settings.cloud}${path}${said.length > 0 ? `?${parameters}` : ''}`, headers: bearer(settings), signal };
  const answer = await retried(settings.retry, signal, () => send(call));
  return answer.json();
}

function textOf(date: Date | string | undefined): string | undefined {
  return date instanceof Date ? date.toISOString() : date;
}

function signalOf(cancel: Cancel | null | undefined): AbortSignal | undefined {
  if (!cancel) return undefined;
  if (cancel instanceof AbortSignal) return cancel;
  if ('signal' in cancel) return cancel.signal;
  const controller = new AbortController();
  cancel.token.promise.then((reason) => controller.abort(reason));
  return controller.signal;
}
