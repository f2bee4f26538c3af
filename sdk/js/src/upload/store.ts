// Where uploads that can go on are remembered.

/** `localStorage`, a `Map`, or anything with their methods; what it answers may be promised. */
export type ResumeStore = WebStorageLike | MapLike;

export interface WebStorageLike {
  getItem(key: string): MaybePromise<string | null | undefined>;
  setItem(key: string, value: string): unknown;
  removeItem(key: string): unknown;
}

export interface MapLike {
  get(key: string): MaybePromise<string | null | undefined>;
  set(key: string, value: string): unknown;
  delete(key: string): unknown;
}

type MaybePromise<T> = T | Promise<T>;

/** One thing in a store, which may be none. A store that fails is as good as none. */
export class Remembered {
  constructor(
    readonly store: ResumeStore | undefined,
    readonly key: string,
  ) {}

  async read(): Promise<string | undefined> {
    const { store, key } = this;
    return (await attempt(() => store && ('getItem' in store ? store.getItem(key) : store.get(key)))) ?? undefined;
  }

  async write(value: string): Promise<void> {
    const { store, key } = this;
    await attempt(() => store && ('setItem' in store ? store.setItem(key, value) : store.set(key, value)));
  }

  async forget(): Promise<void> {
    const { store, key } = this;
    await attempt(() => store && ('removeItem' in store ? store.removeItem(key) : store.delete(key)));
  }
}

async function attempt<T>(work: () => T): Promise<Awaited<T> | undefined> {
  try {
    return await work();
  } catch {
    return undefined;
  }
}
