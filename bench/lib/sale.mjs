// A sale to measure: the chain, the metadata cache and the server of the end-to-end suites, with buyers whose orders stand.

import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { KIB } from './content.mjs';
import { startNginx } from './nginx.mjs';
import { need } from './programs.mjs';
import { measure, median, ratio } from './rounds.mjs';
import { requests } from './load.mjs';
import { memoryOf } from './server.mjs';

const E2E = join(import.meta.dirname, '..', '..', 'e2e');
/** What fits into one contract that orders for many. */
const ORDERS_A_CONTRACT = 24;
const QUIET = { TIDEGATE_LOG_LEVEL: 'warn', TIDEGATE_PROVIDER_FILEINFO_PER_CALLER: '0' };

/** A running sale: `stack` and `market` as the end-to-end suites have them, and an nginx over the folder `files`. */
export class Sale {
  /** Starts everything with the release binary. `settings` are further variables of the server. */
  static async open(bench, settings = {}) {
    need('wrk', 'wrk');
    execFileSync(join(E2E, 'install'), { stdio: ['ignore', 'inherit', 'inherit'] });
    const sale = new Sale();
    // Not before its packages are there.
    const [{ Stack }, { Market }, contracts] = await Promise.all(['stack', 'market', 'contracts'].map((name) => import(join(E2E, 'lib', `${name}.mjs`))));
    Object.assign(sale, { bench, contracts });
    sale.stack = await Stack.start({ workshop: bench.workshop, binary: bench.binaries.tidegate, settings: { ...QUIET, ...settings } });
    sale.market = new Market(sale.stack);
    sale.seller = await sale.stack.chain.newWallet();
    sale.files = bench.workshop.path('files');
    mkdirSync(sale.files);
    writeFileSync(join(sale.files, 'small'), randomBytes(KIB));
    sale.nginx = await startNginx(bench.workshop, sale.files, 'small');
    return sale;
  }

  /** Ends it. The suite's workshop is cleared with it. */
  close() {
    return this.stack.stop();
  }

  get url() {
    return `${this.stack.provider.url}/api/services`;
  }

  /** Memory of the server, as `memoryOf` gives it. */
  memory(line) {
    return memoryOf(this.stack.provider.child.pid, line);
  }

  /** Pins a file for everybody, and gives the file object that sells it. */
  async pinned(path) {
    const { keys } = await this.stack.provider.account(`${randomBytes(4).toString('hex')}@example.org`);
    const { cid } = await this.stack.provider.command(['pin', path], keys);
    return { type: 'ipfs', hash: cid };
  }

  /** Somebody new who may sign, without Ether. */
  newSigner() {
    return new Signer();
  }

  /** So many buyers of `asset`, each with an order: `{ signer, tx }`. Contracts order for them, many in one transaction. */
  async buyers(asset, count) {
    const { market, seller } = this;
    const fee = await market.quote(asset, seller.address);
    const buyers = [];
    while (buyers.length < count) {
      const signers = Array.from({ length: Math.min(ORDERS_A_CONTRACT, count - buyers.length) }, () => this.newSigner());
      const steps = signers.map(({ address }) => market.orderCall(asset.service, address, fee));
      const payer = await this.contracts.deploy(seller, this.contracts.script(steps));
      await market.give(asset, payer, asset.service, signers.length);
      const sent = await seller.sendTransaction({ to: payer });
      const { hash } = await sent.wait();
      buyers.push(...signers.map((signer) => ({ signer, tx: hash })));
    }
    return buyers;
  }

  /** A metric in requests a second: `ours` is a contender as `measure` takes it, beside nginx with a file of 1 KiB. */
  async beside(name, atLeast, ours) {
    this.bench.say(`  ${name}`);
    const contenders = { tidegate: ours, nginx: () => requests(`${this.nginx.url}/small`, 64) };
    const { tidegate, nginx } = await measure(this.bench.rounds, contenders, { warmUp: true });
    const reference = { name: 'nginx, 1 KiB', value: median(nginx) };
    return { name, unit: 'req/s', value: median(tidegate), reference, ratio: ratio(tidegate, nginx), target: { atLeast } };
  }
}

/** A key that signs fast enough to load a server. */
class Signer {
  constructor() {
    const require = createRequire(join(E2E, 'package.json'));
    Object.assign(this, { secp256k1: require('secp256k1'), keccak: require('js-sha3').keccak_256, key: randomBytes(32) });
    const { computeAddress, hexlify } = require('ethers');
    this.address = computeAddress(hexlify(this.key));
  }

  /** The signature that classic clients send for `text`. */
  sign(text) {
    const hash = Buffer.from(this.keccak.arrayBuffer(text));
    const prefixed = Buffer.concat([Buffer.from('\x19Ethereum Signed Message:\n32'), hash]);
    const { signature, recid } = this.secp256k1.ecdsaSign(new Uint8Array(this.keccak.arrayBuffer(prefixed)), this.key);
    return `0x${Buffer.from(signature).toString('hex')}${(27 + recid).toString(16)}`;
  }
}
