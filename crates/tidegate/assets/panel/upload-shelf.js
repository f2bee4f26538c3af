// Uploads that were begun, so that they can go on after this page was closed. A browser forgets which file it was: whoever goes on chooses it again.

const PREFIX = 'tidegate-upload ';

/** What is remembered of one upload: the store that the SDK asks, which also knows what the upload is of. */
export class Shelf {
  /** Where the server has what was sent; nothing before it takes any. */
  location = null;

  /** @param {string} account whose it is @param {{name: string, size: number, visibility: string}} what */
  constructor(account, what) {
    this.note = { account, ...what };
  }

  getItem(key) {
    const found = read(key);
    this.location = found?.account === this.note.account ? found.location : null;
    return this.location;
  }

  setItem(key, location) {
    this.location = location;
    localStorage.setItem(key, JSON.stringify({ ...this.note, location }));
  }

  removeItem(key) {
    this.location = null;
    localStorage.removeItem(key);
  }

  /** Forgets the upload. */
  clear() {
    if (this.location) forget(this.location);
    this.location = null;
  }
}

/** What this account has begun in this browser and not ended. */
export function unfinished(account) {
  const keys = Array.from({ length: localStorage.length }, (_, at) => localStorage.key(at)).filter((key) => key.startsWith(PREFIX));
  return keys.map((key) => ({ key, ...read(key) })).filter((one) => one.account === account);
}

/** Forgets what is remembered of the upload at this place. */
export function forget(location) {
  for (const key of Object.keys(localStorage)) {
    if (key.startsWith(PREFIX) && read(key)?.location === location) localStorage.removeItem(key);
  }
}

function read(key) {
  try {
    return JSON.parse(localStorage.getItem(key));
  } catch {
    return null;
  }
}
