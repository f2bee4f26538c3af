// ocean.js in the versions that people use, each with the ethers it was made for. They run as they are published.

import { createRequire } from 'node:module';
import { connect } from './chain.mjs';

const require = createRequire(import.meta.url);

// The clients print each nonce that they read.
console.log = () => {};

/**
 * The client of that name in package.json. Gives its exports as `lib`, its settings for our chain, and `signer`, which makes
 * of a wallet with a key one that this client can use.
 */
export function oceanJs(name, stack) {
  // Its settings for chain 8996 come from here, and it reads them when it is asked.
  process.env.ADDRESS_FILE = stack.addressFile;
  const lib = require(name);
  lib.LoggerInstance.setLevel(lib.LogLevel.None);
  const { ethers } = createRequire(require.resolve(name))('ethers');
  const old = Boolean(ethers.providers);
  const provider = old ? new ethers.providers.StaticJsonRpcProvider(stack.chain.url) : connect(stack.chain.url);
  provider.pollingInterval = 20;
  const config = { ...new lib.ConfigHelper().getConfig(8996), providerUri: stack.provider.url, metadataCacheUri: stack.cache.url };
  config.oceanNodeUri = stack.provider.url;
  return { lib, config, signer: (wallet) => new ethers.Wallet(wallet.privateKey, provider), close: () => (old ? undefined : provider.destroy()) };
}

/** A document of version 4.1.0 for an asset with one service, as a market fills it in. `timeout` is in seconds, 0 for ever. */
export function newAsset({ name = 'Soil moisture of a field', timeout = 0, price } = {}) {
  return {
    '@context': ['https://w3id.org/did/v1'],
    id: 'did:op:',
    nftAddress: '',
    version: '4.1.0',
    chainId: 8996,
    metadata: {
      created: '2024-05-01T10:00:00Z',
      updated: '2024-05-01T10:00:00Z',
      type: 'dataset',
      name,
      description: 'One reading an hour, from one field.',
      tags: ['soil'],
      author: 'A farm',
      license: 'https://market.oceanprotocol.com/terms',
      additionalInformation: { termsAndConditions: true },
    },
    services: [
      { id: 'readings', type: 'access', description: 'Download', files: '', datatokenAddress: '', serviceEndpoint: '', timeout },
    ],
    ...(price === undefined ? {} : { stats: { price: { value: price } } }),
  };
}

/** The files of an asset as ocean.js encrypts them; it fills in the addresses. */
export function filesOf(...files) {
  return { datatokenAddress: '0x0', nftAddress: '0x0', files };
}

/** A file that is fetched from `url`. */
export function urlFile(url, { method = 'GET', headers } = {}) {
  return { type: 'url', url, method, ...(headers ? { headers } : {}) };
}
