// Everything a sale needs, started together: a chain with Ocean's contracts, a metadata cache, a file server, and Tidegate.

import { Wallet } from 'ethers';
import { Workshop } from '../../bench/lib/workshop.mjs';
import { tidegateBinary } from './binary.mjs';
import { Chain } from './chain.mjs';
import { FileServer } from './file-server.mjs';
import { MetadataCache } from './metadata-cache.mjs';
import { deployOcean } from './ocean.mjs';
import { Provider } from './provider.mjs';

const MONTH = 30 * 24 * 3600;

export class Stack {
  /**
   * Starts all of it. `settings` are further variables of the server. With `past`, the chain's clock stays a month behind,
   * so that orders can be made that are old; `toPresent` ends that. Without a `workshop`, it makes one of its own; `binary` is
   * the server.
   */
  static async start({ settings = {}, past = false, workshop = new Workshop(undefined, 'tidegate-e2e-'), binary = tidegateBinary() } = {}) {
    const stack = Object.assign(new Stack(), { workshop, binary });
    try {
      await stack.#start(past);
      stack.provider = await stack.startProvider(settings);
    } catch (error) {
      await stack.stop();
      throw error;
    }
    return stack;
  }

  async #start(past) {
    const now = Math.floor(Date.now() / 1000);
    this.chain = await Chain.start(this.workshop, { startTime: past ? now - MONTH : now - 60 });
    this.addressFile = this.workshop.path('address.json');
    this.addresses = await deployOcean(this.chain.account(0), this.addressFile);
    if (!past) await this.toPresent();
    this.files = await FileServer.start();
    this.cache = await MetadataCache.start(this.chain);
    this.key = Wallet.createRandom().privateKey;
  }

  /** The variables of a server here, exactly those of the Python Provider. */
  environment() {
    return {
      NETWORK_URL: this.chain.url,
      PROVIDER_PRIVATE_KEY: this.key,
      AQUARIUS_URL: this.cache.url,
      ADDRESS_FILE: this.addressFile,
      ALLOW_NON_PUBLIC_IP: 'True',
      REQUEST_TIMEOUT: '10',
    };
  }

  /** Starts another server, with the same key, on data of its own. */
  startProvider(settings = {}) {
    return Provider.start(this.workshop, this.binary, { ...this.environment(), ...settings });
  }

  /** Sets the chain's clock to now. */
  toPresent() {
    return this.chain.setTime(Math.floor(Date.now() / 1000));
  }

  async stop() {
    this.chain?.provider.destroy();
    await Promise.all([this.files?.stop(), this.cache?.stop(), this.workshop.clear()]);
  }
}
