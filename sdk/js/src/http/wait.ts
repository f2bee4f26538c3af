// Waiting, and being told to stop.

/** Comes back after `ms` milliseconds, or throws the signal's reason as soon as it is aborted. */
export function wait(ms: number, signal?: AbortSignal): Promise<void> {
  return orAborted(
    new Promise((resolve) => setTimeout(resolve, ms)),
    signal,
  );
}

/** `promise`, or the signal's reason as soon as it is aborted. What `promise` stands for goes on. */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
