// Buying access: Ocean Protocol's Provider API, as its classic clients speak it.

import { TidegateError } from '../errors.js';
import { DEFAULT_RETRY, retried, type RetryPolicy } from '../http/retry.js';
import { send } from '../http/send.js';
import { trimmed } from '../settings.js';
import { Download, type DownloadOptions, ticketed } from './download.js';
import { addressOf, signText, type Wallet } from './signer.js';

/** Which server, and who asks it. */
export interface AccessOptions {
  /** Where the server is, as `https://data.example.org`: what an asset names as its `serviceEndpoint`. */
  url: string;
  /** The wallet that signs; only `nonce` of a named address and downloads by token do without. */
  signer?: Wallet | undefined;
  /** How often a call that failed in passing is tried again: 4 times. */
  retries?: number | undefined;
  /** Milliseconds before the first of these, doubled each time: 500. */
  retryDelay?: number | undefined;
}

/** An asset's service. */
export interface ServiceOptions {
  /** The asset's DID. */
  documentId: string;
  serviceId: string;
  /** Which of its files, from 0 on. */
  fileIndex?: number | undefined;
  /** Parameters for the source. */
  userdata?: Record<string, unknown> | undefined;
  signal?: AbortSignal | undefined;
}

/** What is asked before an order. */
export interface InitializeOptions extends ServiceOptions {
  /** An earlier order, to learn whether it is still good. */
  transferTxId?: string | undefined;
  /** Who will download: the signer, if nobody is named. */
  consumerAddress?: string | undefined;
  /** For a fee that ends sooner, seconds since 1970. */
  validUntil?: number | undefined;
  environment?: string | undefined;
}

/** What an order costs: `providerFee` goes into `startOrder` as it is. With `validOrder` there is no need for another one. */
export interface Quote {
  datatoken?: string;
  nonce?: number;
  providerFee?: Record<string, string | number>;
  validOrder?: string;
}

/** What is downloaded. */
export interface DownloadCall extends ServiceOptions, DownloadOptions {
  /** The transaction of the order. */
  transferTxId: string;
  /** A token of {@link Access.createAuthToken}: nothing is signed then. */
  token?: string | undefined;
  /** Who the order is for: the signer, if nobody is named. A token is for the address that signed for it. */
  consumerAddress?: string | undefined;
}

/** How often a nonce that somebody else used up in the meantime is replaced. */
const NEW_NONCES = 3;

/** A buyer. */
export class Access {
  readonly #url: string;
  readonly #signer: Wallet | undefined;
  readonly #retry: RetryPolicy;
  /** The last nonce we know of, for each address. */
  readonly #nonces = new Map<string, bigint>();
  /** Signed calls go one after the other: nonces must arrive in order. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor({ url, signer, retries, retryDelay }: AccessOptions) {
    this.#url = `${trimmed(url)}/api/services`;
    this.#signer = signer;
    this.#retry = { retries: retries ?? DEFAULT_RETRY.retries, retryDelay: retryDelay ?? DEFAULT_RETRY.retryDelay };
  }

  /** The last nonce that an address used, 1 if it never did. It may have 38 digits. */
  async nonce(address?: string, { signal }: { signal?: AbortSignal } = {}): Promise<bigint> {
    const userAddress = address ?? (await addressOf(this.#signer));
    const text = await (await this.#ask('nonce', { userAddress }, { signal })).text();
    // JSON.parse would round it.
    const digits = /"nonce"\s*:\s*"?(\d+)/.exec(text)?.[1];
    if (!digits) throw new TidegateError('the server gave no nonce', { code: 'protocol' });
    return BigInt(digits);
  }

  /** Signs once for a token that opens downloads until `expiration`, a date or seconds since 1970. */
  async createAuthToken({ expiration, signal }: { expiration: Date | number; signal?: AbortSignal }): Promise<string> {
    const seconds = Math.floor(typeof expiration === 'number' ? expiration : expiration.getTime() / 1000);
    const answer = await this.#signed((address, nonce) => ({
      message: `${address}${nonce}`,
      ask: (signature) => this.#ask('createAuthToken', { address, nonce, expiration: seconds, signature }, { signal }),
    }));
    return (await answer.json()).token;
  }

  /** Ends a token for good. */
  async deleteAuthToken(token: string, { signal }: { signal?: AbortSignal } = {}): Promise<void> {
    const answer = await this.#signed((address, nonce) => ({
      message: `${address}${nonce}`,
      ask: (signature) => this.#ask('deleteAuthToken', { address, nonce, token, signature }, { signal, method: 'DELETE' }),
    }));
    await answer.body?.cancel();
  }

  /** What an order of a service costs, or that an earlier one is still good. */
  async initialize({ signal, userdata, consumerAddress, ...parameters }: InitializeOptions): Promise<Quote> {
    const consumer = consumerAddress ?? (await addressOf(this.#signer));
    const answer = await this.#ask('initialize', { ...parameters, consumerAddress: consumer, userdata: textOf(userdata) }, { signal });
    return answer.json();
  }

  /**
   * Opens a file that was ordered. Bytes come when they are read; after a break the download goes on where it was, by the server's ticket and without
   * another signature.
   */
  async download(call: DownloadCall): Promise<Download> {
    const { signal, token, onProgress, sha256, userdata, consumerAddress, fileIndex = 0, ...parameters } = call;
    const fixed = { ...parameters, fileIndex, userdata: textOf(userdata) };
    const open = (more: Record<string, unknown>, headers = {}) => this.#ask('download', { ...fixed, ...more }, { signal, headers });
    const answer = token
      ? await open({ consumerAddress: consumerAddress ?? (await addressOf(this.#signer)) }, { Authorization: token })
      : await this.#signed((address, nonce) => ({
          message: `${call.documentId}${nonce}`,
          ask: (signature) => open({ consumerAddress: consumerAddress ?? address, nonce, signature }),
        }));
    return new Download(answer, ticketed(`${this.#url}/download`), this.#retry, { signal, onProgress, sha256 });
  }

  /** Does a signed call with the next nonce, and again with a higher one if the server knows of one that is higher than ours. */
  async #signed(call: (address: string, nonce: string) => { message: string; ask: (signature: string) => Promise<Response> }): Promise<Response> {
    const before = this.#turn;
    let done = () => {};
    this.#turn = new Promise<void>((resolve) => {
      done = resolve;
    });
    await before;
    try {
      const address = await addressOf(this.#signer);
      for (let tries = 1; ; tries += 1) {
        const nonce = await this.#next(address);
        const { message, ask } = call(address, String(nonce));
        const signature = await signText(this.#signer!, address, message);
        try {
          return await ask(signature);
        } catch (error) {
          const last = lastNonceIn(error);
          if (last === undefined || tries === NEW_NONCES) throw error;
          this.#nonces.set(address, last > nonce ? last : nonce);
        }
      }
    } finally {
      done();
    }
  }

  async #next(address: string): Promise<bigint> {
    const last = this.#nonces.get(address) ?? (await this.nonce(address));
    const now = BigInt(Date.now());
    const next = last + 1n > now ? last + 1n : now;
    this.#nonces.set(address, next);
    return next;
  }

  #ask(route: string, parameters: Record<string, unknown>, more: { method?: string; headers?: Record<string, string>; signal?: AbortSignal | undefined }) {
    const said = Object.entries(parameters).filter(([, value]) => value !== undefined);
    const query = new URLSearchParams(said.map(([name, value]): [string, string] => [name, String(value)]));
    return retried(this.#retry, more.signal, () => send({ url: `${this.#url}/${route}?${query}`, ...more }));
  }
}

/** The last nonce, of a refusal that says that ours was not greater. */
function lastNonceIn(error: unknown): bigint | undefined {
  const message = error instanceof TidegateError ? error.message : '';
  const digits = /expected nonce \([^)]*\) > current nonce \((\d+)/.exec(message)?.[1];
  return digits === undefined ? undefined : BigInt(digits);
}

function textOf(userdata: Record<string, unknown> | undefined): string | undefined {
  return userdata && JSON.stringify(userdata);
}
