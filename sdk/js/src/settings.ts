// Where the servers are and who we are: what every part needs to know.

import { environment } from '#platform';
import { TidegateError } from './errors.js';
import { DEFAULT_RETRY, type RetryPolicy } from './http/retry.js';
import type { ResumeStore } from './upload/store.js';

/** Which server keeps the account. */
export interface CloudOptions {
  /** Where the account's server is, as `https://pins.example.org`. */
  baseUrl?: string | undefined;
  /** A name for such a place, if {@link configure} knows it. Programs written for Decoo have one. */
  zone?: string | undefined;
  /** The account's API key. */
  jwt?: string | undefined;
  /** How often a call that failed in passing is tried again: 4 times. */
  retries?: number | undefined;
  /** Milliseconds before the first of these, doubled each time: 500. */
  retryDelay?: number | undefined;
}

/** What a client is made of. */
export interface Options extends CloudOptions {
  /** Where content is sent: the `apiHost` of an endpoint. The account's server if it is not said; and that is this one, if only this is said. */
  url?: string | undefined;
  /** In place of `jwt`, for who has no API key: gives an access token whenever one is needed. Such a client pins, and neither lists nor removes. */
  accessToken?: (() => Promise<string>) | undefined;
  /** The account's RSA key, PKCS#8: one line of base64 as the server shows it, or PEM. */
  privateKey?: string | undefined;
  /** From how many bytes on an upload can be resumed: 64 MiB. `false` for never. */
  resumableFrom?: number | false | undefined;
  /** How many bytes each part of such an upload has: 16 MiB. */
  chunkSize?: number | undefined;
  /** Remembers uploads that were cut off: `localStorage`, a `Map`, or the like. Without it they are resumed only while the program runs. */
  storage?: ResumeStore | undefined;
}

/** What holds for calls that do not say otherwise. */
export interface Defaults {
  baseUrl?: string | undefined;
  /** Where the zones of programs written for Decoo are: `{ cn: 'https://pins.example.org' }`. */
  zones?: Record<string, string> | undefined;
}

/** Options that were checked, URLs without a slash at their end. */
export interface Settings extends Options {
  cloud: string;
  endpoint: string;
  retry: RetryPolicy;
}

let defaults: Defaults = {};

/** Says where the server is, once for a program. In Node the variable `TIDEGATE_URL` says it, too. */
export function configure(some: Defaults): void {
  defaults = { ...defaults, ...some };
}

/** Checks options and fills in what they do not say. */
export function settingsOf(options: Options): Settings {
  const { url, baseUrl, zone } = options;
  const known = baseUrl ?? (zone && defaults.zones?.[zone]) ?? defaults.baseUrl ?? environment('TIDEGATE_URL') ?? url;
  if (!known) {
    throw new TidegateError('which server? Set url or baseUrl, or call configure({ baseUrl })', { code: 'configuration' });
  }
  if (!options.accessToken) bearer(options);
  const retry = { retries: options.retries ?? DEFAULT_RETRY.retries, retryDelay: options.retryDelay ?? DEFAULT_RETRY.retryDelay };
  return { ...options, cloud: trimmed(known), endpoint: trimmed(url ?? known), retry };
}

/** What a request with the API key has in its head. */
export function bearer({ jwt }: CloudOptions): { Authorization: string } {
  if (!jwt) throw new TidegateError('jwt, the API key of the account, is not set', { code: 'configuration' });
  return { Authorization: `Bearer ${jwt}` };
}

/** A URL as other paths are put behind it. */
export function trimmed(url: string): string {
  if (!/^https?:\/\//i.test(url)) throw new TidegateError(`${url} does not begin with https:// or http://`, { code: 'configuration' });
  return url.replace(/\/+$/, '');
}
