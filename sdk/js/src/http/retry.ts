// When a request is sent again.

import { TidegateError } from '../errors.js';
import { wait } from './wait.js';

/** How often and how patiently. */
export interface RetryPolicy {
  /** How often a call that failed is tried again; 4 if nothing is said. */
  retries: number;
  /** Milliseconds before the first of these, doubled each time up to 10 s; 500 if nothing is said. */
  retryDelay: number;
}

export const DEFAULT_RETRY: RetryPolicy = { retries: 4, retryDelay: 500 };

const LONGEST_DELAY = 10_000;
/** A server that wants longer than this, in seconds, is not waited for: its wish is in the error. */
const LONGEST_RETRY_AFTER = 60;
/** Statuses that pass: too many requests, a proxy without its server, a server that is busy or away. */
const PASSING = [429, 502, 503, 504];

/** Whether it may go better the next time. */
export function passes(error: unknown): error is TidegateError {
  if (!(error instanceof TidegateError)) return false;
  return error.code === 'network' || PASSING.includes(error.status ?? 0);
}

/** Counts the tries of one undertaking. */
export class Tries {
  #failed = 0;

  constructor(
    readonly policy: RetryPolicy,
    readonly signal: AbortSignal | undefined,
  ) {}

  /** Something was achieved: failures before it are forgotten. */
  reset(): void {
    this.#failed = 0;
  }

  /** Waits as long as is fit after `error`, or throws it if it is final, or was the last. */
  async after(error: unknown): Promise<void> {
    const { retries, retryDelay } = this.policy;
    if (!passes(error) || this.#failed >= retries || (error.retryAfter ?? 0) > LONGEST_RETRY_AFTER) throw error;
    const delay = Math.min(retryDelay * 2 ** this.#failed, LONGEST_DELAY);
    this.#failed += 1;
    // Not all clients of a server that was away at the same moment.
    const some = delay * (0.5 + Math.random() / 2);
    await wait(error.retryAfter === undefined ? some : error.retryAfter * 1000, this.signal);
  }
}

/** Does `work` until it succeeds, fails for good, or has failed too often. */
export async function retried<T>(policy: RetryPolicy, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  const tries = new Tries(policy, signal);
  for (;;) {
    try {
      return await work();
    } catch (error) {
      await tries.after(error);
    }
  }
}
