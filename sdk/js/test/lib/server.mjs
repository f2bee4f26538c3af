// The built server, with an account on it, for one file of tests.

import { create } from '@tidegate/sdk';
import { Workshop } from '../../../../bench/lib/workshop.mjs';
import { tidegateBinary } from '../../../../e2e/lib/binary.mjs';
import { Provider } from '../../../../e2e/lib/provider.mjs';

/** Starts a server, which `stop` ends. `settings` are its variables. */
export async function startServer(settings = {}) {
  const workshop = new Workshop(undefined, 'tidegate-sdk-');
  const provider = await Provider.start(workshop, tidegateBinary(), settings);
  return new TestServer(workshop, provider, await provider.account('ann@example.org'));
}

class TestServer {
  constructor(workshop, provider, { keys }) {
    Object.assign(this, { workshop, provider, url: provider.url });
    this.jwt = keys.TIDEGATE_API_KEY;
    this.privateKey = keys.TIDEGATE_RSA_PRIVATE_KEY;
  }

  stop() {
    return this.workshop.clear();
  }

  /** The options of a client with our account; those of a program that came from Decoo, which are ours. */
  options(more = {}) {
    return { url: this.url, jwt: this.jwt, privateKey: this.privateKey, retryDelay: 1, ...more };
  }

  client(more) {
    return create(this.options(more));
  }

  /** What the gateway has at this path. */
  async content(path) {
    const answer = await fetch(`${this.url}/ipfs/${path}`);
    if (!answer.ok) throw new Error(`the gateway answered ${answer.status} for ${path}: ${await answer.text()}`);
    return Buffer.from(await answer.arrayBuffer());
  }
}
