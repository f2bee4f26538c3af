// Selling and buying without a client: every step by itself, so that a suite can do one of them wrongly.

import { Interface, ZeroAddress, hexlify, parseEther, toUtf8Bytes, keccak256, getBytes, solidityPacked, hashMessage } from 'ethers';
import { CHAIN_ID, Chain } from './chain.mjs';
import { didOf } from './metadata-cache.mjs';
import { newAsset } from './ocean-js.mjs';
import { artifact, contractAt } from './ocean.mjs';
import { signText } from './signing.mjs';

const FACTORY = new Interface(artifact('ERC721Factory').abi);
const DATATOKEN = new Interface(artifact('ERC20Template').abi);
const NO_MARKET_FEE = [ZeroAddress, ZeroAddress, 0];

/** Where assets are published, ordered and downloaded. An asset is `{ did, nft, ddo, seller, services, service }`. */
export class Market {
  #lastNonce = Date.now();

  constructor(stack) {
    this.stack = stack;
  }

  /**
   * Publishes `files` as a new asset of `seller`, with a document that is not encrypted. `document` is laid over it, `services`
   * over each of its services; `sealed` takes the place of the encrypted files.
   */
  async publish(seller, files, { document = {}, services = [{}], sealed } = {}) {
    const { nft, datatoken } = await this.#createNft(seller);
    const did = didOf(nft);
    const datatokens = [datatoken];
    while (datatokens.length < services.length) datatokens.push(await this.#createDatatoken(seller, nft));
    const base = newAsset();
    const filled = await Promise.all(
      services.map(async (service, index) => ({
        ...base.services[0],
        id: `service-${index}`,
        datatokenAddress: datatokens[index],
        serviceEndpoint: this.stack.provider.url,
        files: sealed ?? (await this.encrypt({ datatokenAddress: datatokens[index], nftAddress: nft, files })),
        ...service,
      })),
    );
    const ddo = { ...base, id: did, nftAddress: nft, services: filled, ...document };
    const asset = { did, nft, ddo, seller, services: filled, service: filled[0] };
    await this.describe(asset, ddo);
    return asset;
  }

  /** Writes a document for an asset on the chain, in `state`. */
  describe(asset, ddo, state = 0) {
    const bytes = toUtf8Bytes(JSON.stringify(ddo));
    const nft = contractAt('ERC721Template', asset.nft, asset.seller);
    return Chain.done(nft.setMetaData(state, this.stack.provider.url, '0x', '0x00', bytes, keccak256(bytes), []));
  }

  /** What the Provider makes of a document that only it can read. */
  async encrypt(document) {
    const answer = await fetch(`${this.stack.provider.url}/api/services/encrypt?chainId=${CHAIN_ID}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/octet-stream' },
      body: JSON.stringify(document),
    });
    const sealed = await answer.text();
    if (answer.status !== 201) throw new Error(`encrypt answered ${answer.status} ${sealed}`);
    return sealed;
  }

  /** Gives somebody datatokens of a service. */
  give(asset, address, service = asset.service, count = 1) {
    return Chain.done(contractAt('ERC20Template', service.datatokenAddress, asset.seller).mint(address, parseEther(String(count))));
  }

  /** The Provider's fee for `consumer`, as the datatoken takes it. */
  async quote(asset, consumer, service = asset.service) {
    const answer = await this.stack.provider.get('initialize', { documentId: asset.did, serviceId: service.id, consumerAddress: consumer });
    const body = await answer.json();
    if (answer.status !== 200) throw new Error(`initialize answered ${answer.status} ${JSON.stringify(body)}`);
    return feeTuple(body.providerFee);
  }

  /** A fee as the Provider would sign it, signed by somebody else. */
  forgedQuote(wallet, service) {
    const providerData = hexlify(toUtf8Bytes(JSON.stringify({ environment: null, timestamp: Date.now() / 1000, dt: service.datatokenAddress, id: service.id })));
    const fee = [providerData, wallet.address, this.stack.addresses.Ocean, 0, 0];
    const hash = keccak256(solidityPacked(['bytes', 'address', 'address', 'uint256', 'uint256'], fee));
    const { v, r, s } = wallet.signingKey.sign(hashMessage(getBytes(hash)));
    return [wallet.address, this.stack.addresses.Ocean, 0, v, r, s, 0, providerData];
  }

  /** Orders for `consumer`, paid by `payer`, and gives the receipt. What is not said is as an honest buyer has it. */
  async order(asset, payer, { consumer = payer.address, service = asset.service, index = asset.services.indexOf(service), fee } = {}) {
    await this.give(asset, payer.address, service);
    const datatoken = contractAt('ERC20Template', service.datatokenAddress, payer);
    return Chain.done(datatoken.startOrder(consumer, index, fee ?? (await this.quote(asset, consumer, service)), NO_MARKET_FEE));
  }

  /** The call that orders for `consumer`, for a contract to make. */
  orderCall(service, consumer, fee, index = 0) {
    return { call: service.datatokenAddress, data: DATATOKEN.encodeFunctionData('startOrder', [consumer, index, fee, NO_MARKET_FEE]) };
  }

  /** Orders again on an earlier order, with a new quote. */
  async reuse(asset, payer, tx, service = asset.service) {
    const datatoken = contractAt('ERC20Template', service.datatokenAddress, payer);
    return Chain.done(datatoken.reuseOrder(tx, await this.quote(asset, payer.address, service)));
  }

  /** The parameters of a download, signed as classic clients sign. `given` is laid over them before they are signed. */
  downloadOf(asset, tx, wallet, { sign = signText, ...given } = {}) {
    const parameters = {
      fileIndex: 0,
      documentId: asset.did,
      transferTxId: tx,
      serviceId: asset.service.id,
      consumerAddress: wallet.address,
      nonce: this.nextNonce(),
      ...given,
    };
    return { ...parameters, signature: given.signature ?? sign(wallet, `${parameters.documentId}${parameters.nonce}`) };
  }

  /** Downloads, and gives the answer. */
  download(asset, tx, wallet, given) {
    return this.stack.provider.get('download', this.downloadOf(asset, tx, wallet, given));
  }

  /** A nonce above all that came before. */
  nextNonce() {
    this.#lastNonce += 1;
    return String(this.#lastNonce);
  }

  async #createNft(seller) {
    const factory = contractAt('ERC721Factory', this.stack.addresses.ERC721Factory, seller);
    const receipt = await Chain.done(
      factory.createNftWithErc20(['Field', 'FIELD', 1, 'about:blank', true, await seller.getAddress()], await this.#datatokenOf(seller)),
    );
    return { nft: created(receipt, 'NFTCreated'), datatoken: created(receipt, 'TokenCreated') };
  }

  async #createDatatoken(seller, nft) {
    const receipt = await Chain.done(contractAt('ERC721Template', nft, seller).createERC20(...(await this.#datatokenOf(seller))));
    return created(receipt, 'TokenCreated');
  }

  async #datatokenOf(seller) {
    const me = await seller.getAddress();
    return [1, ['Field access', 'FIELD-1'], [me, me, ZeroAddress, ZeroAddress], [parseEther('100000'), 0], []];
  }
}

/** A fee of JSON as the contract's tuple. */
export function feeTuple(fee) {
  const { providerFeeAddress, providerFeeToken, providerFeeAmount, v, r, s, validUntil, providerData } = fee;
  return [providerFeeAddress, providerFeeToken, providerFeeAmount, v, r, s, validUntil, providerData];
}

function created(receipt, event) {
  const log = receipt.logs.find(({ topics }) => topics[0] === FACTORY.getEvent(event).topicHash);
  return FACTORY.parseLog(log).args.newTokenAddress;
}
