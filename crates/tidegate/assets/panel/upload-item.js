// One upload: its id is computed, it is sent, and it is pinned; or somebody or something stops it on the way, and it goes on later.

import { create, TidegateError } from './tidegate-sdk.js';
import { hashOf } from './upload-hash.js';
import { Shelf } from './upload-shelf.js';
import { Rate, sentence } from './upload-words.js';

/** From how many bytes on an upload goes on where it was: below it is as quick to begin again. */
const RESUMABLE_FROM = 8 << 20;
/** How often what failed in passing is tried again at once, which takes about half a minute, and seconds until all of that is done again. */
const RETRIES = 6;
const LATER = 15;
/** Errors that pass: no answer, a server that is busy or away, or somebody else's request of the same upload that is just ending. */
const PASSING = ['network', 'unavailable', 'bad_gateway', 'rate_limited', 'busy', 'taken_over'];

/**
 * What an upload does now: `waiting` for its turn, `hashing`, `sending`, `checking` at the server, `paused` by somebody, `broken` until the connection is back,
 * or at its end: `pinned`, `failed`, `removed`.
 */
export class Upload {
  state = 'waiting';
  /** Bytes of what is done now. */
  done = 0;
  /** The CID, once it is known. */
  cid;
  /** Why it failed or waits, in words. */
  problem = '';
  rate = new Rate();
  #stop = new AbortController();
  #goesOn;

  /**
   * @param {import('./upload-chosen.js').Chosen} chosen
   * @param {{name: string, visibility: 'public' | 'private', profile: string}} wish what is to become of it
   * @param {import('./upload-session.js').Session} session
   * @param {string} account
   * @param {(upload: Upload, turned: boolean) => void} onChange is told of each change, `turned` when the state is another one
   */
  constructor(chosen, wish, session, account, onChange) {
    Object.assign(this, { chosen, wish, session, onChange });
    this.shelf = new Shelf(account, { name: wish.name, size: chosen.size, visibility: wish.visibility });
  }

  get isActive() {
    return ['hashing', 'sending', 'checking'].includes(this.state);
  }

  get isOver() {
    return ['pinned', 'failed', 'removed'].includes(this.state);
  }

  /** Goes on until it is pinned or something is in its way, which `state` and `problem` tell. */
  async run() {
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    try {
      this.#become('hashing');
      this.cid ??= await hashOf(this.chosen, this.wish.profile, signal, (bytes) => this.#reached(bytes));
      await this.#send(signal);
      this.#become('pinned');
    } catch (error) {
      if (signal.aborted) this.#become(signal.reason);
      else this.#missed(error);
    }
  }

  /** Stops it, to go on later. */
  pause() {
    clearTimeout(this.#goesOn);
    if (this.isActive) this.#stop.abort('paused');
    else this.#become('paused');
  }

  /** Lets it go on when its turn comes. */
  resume() {
    clearTimeout(this.#goesOn);
    this.#become('waiting');
  }

  /** Ends it for good, here and at the server. */
  async remove() {
    clearTimeout(this.#goesOn);
    const { location } = this.shelf;
    // Before anything else: the page lists what is remembered and not going on, and asks the server for it.
    this.shelf.clear();
    if (this.isActive) this.#stop.abort('removed');
    else this.#become('removed');
    if (location) await discard(this.session, location);
  }

  async #send(signal) {
    const { session, cid, chosen, wish, shelf } = this;
    const privateKey = await session.privateKey();
    signal.throwIfAborted();
    this.#become('sending');
    const client = create({
      url: session.url,
      accessToken: session.accessToken,
      privateKey,
      storage: shelf,
      resumableFrom: RESUMABLE_FROM,
      retries: RETRIES,
    });
    const onProgress = (fraction, { phase, loaded, total }) => {
      if (phase !== 'uploading') return;
      // What is sent is somewhat more than the content: the head of a form, or of each file in an archive.
      this.#reached(Math.round((loaded / total) * chosen.size));
      if (loaded === total) this.#become('checking');
    };
    await client.pinFile(chosen.content, { ...wish, cid, signal, onProgress });
  }

  #missed(error) {
    this.problem = wordsOf(error);
    if (!PASSING.includes(error.code)) return this.#become('failed');
    this.#goesOn = setTimeout(() => this.resume(), LATER * 1000);
    return this.#become('broken');
  }

  #reached(bytes) {
    // A part that broke off is sent again.
    if (this.state === 'checking' && bytes < this.chosen.size) this.#become('sending');
    this.done = bytes;
    this.rate.reached(bytes);
    this.onChange(this, false);
  }

  #become(state) {
    if (this.state === state || this.state === 'removed') return;
    if (state === 'hashing' || state === 'sending') {
      this.done = 0;
      this.problem = '';
      this.rate = new Rate();
    }
    this.state = state;
    this.onChange(this, true);
  }
}

/** Lets the server forget what was sent. What it cannot be told it forgets by itself, later. */
export async function discard(session, location) {
  await ask(session, location, 'DELETE').catch(() => undefined);
}

/** How many bytes the server has of an upload: none if it has forgotten it, nothing if it cannot tell now. */
export async function kept(session, location) {
  try {
    const answer = await ask(session, location, 'GET');
    if (answer.ok) return (await answer.json()).offset;
    return answer.status === 404 || answer.status === 410 ? 0 : undefined;
  } catch {
    return undefined;
  }
}

async function ask(session, location, method) {
  const headers = { UserAccessToken: await session.accessToken(), 'Tus-Resumable': '1.0.0' };
  return fetch(location, { method, headers, credentials: 'omit' });
}

function wordsOf(error) {
  const words = sentence(error.message);
  return error instanceof TidegateError && error.requestId ? `${words} (Request ${error.requestId}.)` : words;
}
