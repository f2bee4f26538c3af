// A metadata cache with the part of Aquarius' HTTP API that clients and Providers use. It reads the data NFTs' events from
// the chain when it is asked, and has encrypted documents decrypted by the Provider that the event names.

import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { Wallet, Interface, getAddress, getBytes, hexlify, Signature } from 'ethers';
import { artifact, contractAt } from './ocean.mjs';
import { CHAIN_ID } from './chain.mjs';
import { closed, listen } from './listen.mjs';
import { signText } from './signing.mjs';

const ASSETS = '/api/aquarius/assets';
const COMPRESSED = 1;
const ENCRYPTED = 2;

const NFT = new Interface(artifact('ERC721Template').abi);
const [CREATED, UPDATED, STATE] = ['MetadataCreated', 'MetadataUpdated', 'MetadataState'].map((name) => NFT.getEvent(name).topicHash);

/** The DID of a data NFT on the development chain. */
export function didOf(nft) {
  return `did:op:${sha256(`${getAddress(nft)}${CHAIN_ID}`)}`;
}

/** A running metadata cache. `failures` are the documents that could not be read, and why. */
export class MetadataCache {
  #assets = new Map();
  #nextBlock = 0;
  #reading;
  #lastNonce = 0n;

  constructor(server, url, chain) {
    Object.assign(this, { server, url, chain, wallet: Wallet.createRandom(), failures: [], requests: 0 });
  }

  static async start(chain) {
    const server = createServer();
    const cache = new MetadataCache(server, await listen(server), chain);
    server.on('request', (request, response) => {
      cache.#answer(request, response).catch((error) => answer(response, 500, { error: String(error) }));
    });
    return cache;
  }

  stop() {
    return closed(this.server);
  }

  /** The asset as the cache answers it, or nothing. Reads the chain first. */
  async asset(did) {
    await this.#catchUp();
    return this.#assets.get(did);
  }

  /** Puts a document there that no chain vouches for. */
  put(asset) {
    this.#assets.set(asset.id, asset);
  }

  async #answer(request, response) {
    this.requests += 1;
    const { pathname } = new URL(request.url, this.url);
    const did = pathname.split('/').at(-1);
    if (pathname === '/') return answer(response, 200, { software: 'Aquarius', version: '5.1.2' });
    if (request.method === 'POST' && pathname === `${ASSETS}/ddo/validate`) return answer(response, 200, await this.#validate(request));
    if (request.method !== 'GET' || !pathname.startsWith(ASSETS)) return answer(response, 404, { error: 'Not found' });
    const asset = await this.asset(did);
    if (!asset) return answer(response, 404, { error: `Asset DID ${did} not found in Elasticsearch` });
    return answer(response, 200, pathname.startsWith(`${ASSETS}/metadata/`) ? asset.metadata : asset);
  }

  /** Vouches for a document: the hash of its bytes, signed. Newer clients wrap the document with who asks. */
  async #validate(request) {
    const pieces = [];
    for await (const piece of request) pieces.push(piece);
    const body = Buffer.concat(pieces);
    const { ddo } = JSON.parse(body);
    const hash = `0x${sha256(ddo ? JSON.stringify(ddo) : body)}`;
    const { r, s, v } = Signature.from(await this.wallet.signMessage(getBytes(hash)));
    return { hash, publicKey: this.wallet.address, r: [r], s: [s], v };
  }

  /** Reads what the chain has had since the last time, once at a time. */
  #catchUp() {
    this.#reading ??= this.#readNew().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #readNew() {
    const newest = await this.chain.provider.getBlockNumber();
    if (newest < this.#nextBlock) return;
    const logs = await this.chain.provider.getLogs({ topics: [[CREATED, UPDATED, STATE]], fromBlock: this.#nextBlock, toBlock: newest });
    this.#nextBlock = newest + 1;
    for (const log of logs) {
      const did = didOf(log.address);
      try {
        const event = NFT.parseLog(log);
        if (event.name === 'MetadataState') {
          const known = this.#assets.get(did);
          if (known) known.nft.state = Number(event.args.state);
        } else {
          this.#assets.set(did, await this.#assetOf(log, event));
        }
      } catch (error) {
        this.failures.push({ did, tx: log.transactionHash, error });
      }
    }
  }

  async #assetOf(log, { args }) {
    const flags = getBytes(args.flags)[0] ?? 0;
    let document = Buffer.from(getBytes(args.data));
    if (flags & (COMPRESSED | ENCRYPTED)) document = await this.#decrypted(log, args);
    const ddo = JSON.parse(document);
    const nft = contractAt('ERC721Template', log.address, this.chain.provider);
    const block = await this.chain.provider.getBlock(log.blockNumber);
    const [owner, name, symbol, tokenURI] = await Promise.all([nft.ownerOf(1), nft.name(), nft.symbol(), nft.tokenURI(1)]);
    const datatokens = ddo.services.map((service) => ({ address: service.datatokenAddress, name, symbol, serviceId: service.id }));
    return {
      ...ddo,
      datatokens,
      event: { tx: log.transactionHash, txid: log.transactionHash, block: log.blockNumber, from: args[0], contract: log.address, datetime: new Date(block.timestamp * 1000).toISOString() },
      nft: { address: log.address, name, symbol, state: Number(args.state), tokenURI, owner, created: new Date(block.timestamp * 1000).toISOString() },
      purgatory: { state: false, reason: '' },
      stats: { allocated: 0, orders: 0, price: { value: 0, tokenAddress: '0x0000000000000000000000000000000000000000', tokenSymbol: '' } },
    };
  }

  /** Asks as Aquarius does: within four seconds, and it takes nothing but 201 and the bytes that the chain names the hash of. */
  async #decrypted(log, args) {
    const nonce = this.#nonce();
    const decrypterAddress = this.wallet.address;
    const transactionId = log.transactionHash;
    const answered = await fetch(`${args.decryptorUrl}/api/services/decrypt`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      signal: AbortSignal.timeout(4000),
      body: JSON.stringify({
        transactionId,
        chainId: CHAIN_ID,
        decrypterAddress,
        dataNftAddress: log.address,
        signature: signText(this.wallet, `${transactionId}${decrypterAddress}${CHAIN_ID}${nonce}`),
        nonce,
      }),
    });
    const document = Buffer.from(await answered.arrayBuffer());
    if (answered.status !== 201) throw new Error(`the Provider answered ${answered.status} ${document}`);
    if (`0x${sha256(document)}` !== hexlify(args.metaDataHash)) throw new Error('the decrypted document has another hash');
    return document;
  }

  /** Nanoseconds, larger each time. */
  #nonce() {
    const now = BigInt(Date.now()) * 1_000_000n;
    this.#lastNonce = now > this.#lastNonce ? now : this.#lastNonce + 1n;
    return this.#lastNonce.toString();
  }
}

function answer(response, status, body) {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}

function sha256(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}
