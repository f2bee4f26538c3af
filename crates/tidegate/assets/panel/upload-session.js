// What this page may do in the account's name: upload, for two hours at a time. The server hands it out for the session's cookie.

/** Where uploads go, and the keys for them. */
export class Session {
  /** The private key that somebody has given here, whose account has a key of its own. It stays in this page. */
  ownKey = '';
  #given;

  /** @param {string} url of the server that takes content */
  constructor(url) {
    this.url = url;
  }

  /** An access token, a new one each time. The SDK asks when it needs one. */
  accessToken = async () => {
    this.#given = ask();
    return (await this.#given).accessToken;
  };

  /** The key that signs what is uploaded. */
  async privateKey() {
    if (this.ownKey) return this.ownKey;
    this.#given ??= ask();
    try {
      const { privateKey } = await this.#given;
      if (privateKey) return privateKey;
    } catch (error) {
      this.#given = undefined;
      throw error;
    }
    throw new Error('Your account has a verification key of your own, so the server cannot sign. Give your private key above, and try again.');
  }
}

async function ask() {
  let answer;
  try {
    answer = await fetch('/panel/upload/session', { method: 'POST', redirect: 'manual', headers: { Accept: 'application/json' } });
  } catch {
    throw Object.assign(new Error('The server cannot be reached.'), { code: 'network' });
  }
  if (answer.type === 'opaqueredirect') throw new Error('You are not signed in any more. Sign in again in another tab, and go on here.');
  const body = await answer.json().catch(() => ({}));
  if (answer.ok) return body;
  throw new Error(body.error?.message ?? `The server answered with status ${answer.status}.`);
}
