// A chain of our own: anvil as chain 8996, which mines a block for each transaction and whose clock we set.

import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { once } from 'node:events';
import { HDNodeWallet, JsonRpcProvider, Mnemonic, NonceManager, Wallet, toQuantity } from 'ethers';

const MNEMONIC = Mnemonic.fromPhrase('test test test test test test test test test test test junk');
const RICH = toQuantity(10n ** 22n);

/** The number under which Ocean's clients know a development chain. */
export const CHAIN_ID = 8996;

/** A running chain. */
export class Chain {
  constructor(workshop, child, url) {
    Object.assign(this, { workshop, child, url });
    this.provider = connect(url);
  }

  /** Starts a chain whose first block is of `startTime`, in seconds. */
  static async start(workshop, { startTime }) {
    const args = ['--port', '0', '--chain-id', String(CHAIN_ID), '--mnemonic', MNEMONIC.phrase, '--timestamp', String(startTime)];
    const child = workshop.start(anvil(), args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const lines = createInterface({ input: child.stdout });
    const url = await new Promise((resolve, reject) => {
      lines.on('line', (line) => {
        const address = line.match(/^Listening on (\S+)/)?.[1];
        if (address) resolve(`http://${address}`);
      });
      once(child, 'exit').then(([code]) => reject(new Error(`anvil ended with ${code}`)), reject);
    });
    return new Chain(workshop, child, url);
  }

  /** One of the accounts that are rich from the start; who deploys Ocean's contracts is number 0. */
  account(index) {
    return new NonceManager(HDNodeWallet.fromMnemonic(MNEMONIC, `m/44'/60'/0'/0/${index}`).connect(this.provider));
  }

  /** Somebody who has never been seen before, or whoever is given, with Ether. Gives a wallet with its private key. */
  async newWallet({ privateKey } = Wallet.createRandom()) {
    const wallet = new Wallet(privateKey, this.provider);
    await this.rpc('anvil_setBalance', [wallet.address, RICH]);
    return wallet;
  }

  rpc(method, params = []) {
    return this.provider.send(method, params);
  }

  /** The time of the newest block, in seconds. */
  async time() {
    const block = await this.provider.getBlock('latest');
    return block.timestamp;
  }

  /** Sets the chain's clock, forwards only, and mines a block at that time. It runs on from there. */
  async setTime(seconds) {
    await this.rpc('anvil_setTime', [seconds]);
    await this.rpc('evm_mine');
  }

  /** Sends what `transaction` describes and gives its receipt. */
  static async done(transaction) {
    const sent = await transaction;
    return sent.wait();
  }
}

/** A connection that asks often and remembers nothing, since blocks come at once here. */
export function connect(url) {
  return new JsonRpcProvider(url, CHAIN_ID, { staticNetwork: true, pollingInterval: 20, cacheTimeout: -1 });
}

/** The one build of anvil that is a package for everybody; other machines name theirs by ANVIL_BIN. */
function anvil() {
  return process.env.ANVIL_BIN ?? createRequire(import.meta.url).resolve('@foundry-rs/anvil-linux-amd64/bin/anvil');
}
