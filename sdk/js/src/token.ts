// Access tokens: an API key gets one for two hours, and uploads are sent with it.

import { fromBase64 } from './signature/base64.js';
import { retried } from './http/retry.js';
import { send } from './http/send.js';
import { orAborted } from './http/wait.js';
import { bearer, type CloudOptions, type Settings, settingsOf } from './settings.js';
import { TidegateError } from './errors.js';

/** A token is renewed when it has less than this left, in milliseconds, so that it lasts for the start of any request. */
const RESERVE = 5 * 60_000;
/** How long a token is kept that does not tell its end. */
const UNKNOWN_LIFETIME = 20 * 60_000;

interface Kept {
  token: Promise<string>;
  /** Milliseconds since 1970; none while it is being asked for. */
  until?: number;
}

/** For each account's server and API key, or what gives tokens in place of it. */
const kept = new Map<unknown, Kept>();

/** A token that is good for some time, from the server or, without `force`, from the last time it was asked. */
export async function getToken(options: CloudOptions & { force?: boolean | undefined; signal?: AbortSignal | undefined }): Promise<string> {
  const settings = settingsOf(options);
  if (options.force) kept.delete(keyOf(settings));
  return tokenFor(settings, options.signal);
}

/** Forgets all tokens. */
export function clearToken(): void {
  kept.clear();
}

/** The token for these settings. Whoever asks while it is on its way gets the same one. */
export function tokenFor(settings: Settings, signal?: AbortSignal): Promise<string> {
  const key = keyOf(settings);
  let entry = kept.get(key);
  if (!entry || (entry.until !== undefined && entry.until <= Date.now())) {
    entry = renewed(settings, key);
    kept.set(key, entry);
  }
  return orAborted(entry.token, signal);
}

/** Does `work` with a token, and once more with a new one if the server refuses the first. */
export async function withToken<T>(settings: Settings, signal: AbortSignal | undefined, work: (token: string) => Promise<T>): Promise<T> {
  const token = await tokenFor(settings, signal);
  try {
    return await work(token);
  } catch (error) {
    if (!(error instanceof TidegateError) || error.status !== 401) throw error;
    await refused(settings, token);
    return work(await tokenFor(settings, signal));
  }
}

/** Forgets this token, but not one that took its place in the meantime. */
async function refused(settings: Settings, token: string): Promise<void> {
  const key = keyOf(settings);
  const entry = kept.get(key);
  if (entry && (await entry.token.catch(() => token)) === token && kept.get(key) === entry) kept.delete(key);
}

function renewed(settings: Settings, key: unknown): Kept {
  const entry: Kept = { token: ask(settings) };
  entry.token.then(
    (token) => {
      entry.until = endOf(token);
    },
    () => {
      if (kept.get(key) === entry) kept.delete(key);
    },
  );
  return entry;
}

async function ask(settings: Settings): Promise<string> {
  if (settings.accessToken) return settings.accessToken();
  const call = { url: `${settings.cloud}/oauth/accessToken`, headers: bearer(settings) };
  const answer = await retried(settings.retry, undefined, () => send(call));
  const { Data: token } = await answer.json();
  if (typeof token !== 'string') throw new TidegateError('the server gave no access token', { code: 'protocol', status: answer.status });
  return token;
}

/** Until when a token is used. Tokens are JWTs; one that is not read is kept for a while. */
function endOf(token: string): number {
  const claims = fromBase64((token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/'));
  try {
    const { exp } = JSON.parse(new TextDecoder().decode(claims));
    if (Number.isFinite(exp)) return exp * 1000 - RESERVE;
  } catch {
    // Not a JWT.
  }
  return Date.now() + UNKNOWN_LIFETIME;
}

function keyOf({ cloud, jwt, accessToken }: Settings): unknown {
  return accessToken ?? `${cloud} ${jwt}`;
}
