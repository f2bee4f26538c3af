// USE_CHAIN_PROOF: a download that ocean.js 3.4.6 signed is announced by its datatoken, once the Provider can pay for gas.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Interface, Wallet, toUtf8String } from 'ethers';
import { filesOf, newAsset, oceanJs, urlFile } from '../lib/ocean-js.mjs';
import { artifact } from '../lib/ocean.mjs';
import { Stack } from '../lib/stack.mjs';

const DATATOKEN = new Interface(artifact('ERC20Template').abi);
const readings = randomBytes(10_000);
let stack;
let ocean;
let publisher;

before(async () => {
  stack = await Stack.start({ settings: { USE_CHAIN_PROOF: '1' } });
  ocean = oceanJs('ocean-js-3', stack);
  publisher = ocean.signer(await stack.chain.newWallet());
});
after(() => stack?.stop());

test('a download is announced on the chain as soon as the provider has money, and needs not wait for that', async () => {
  const provider = new Wallet(stack.key).address;
  const { asset, buyer, order } = await sold('/readings.csv');
  const datatoken = asset.services[0].datatokenAddress;
  const url = await download(asset, order, buyer);
  const warned = () => stack.provider.logged().split('\n').filter((line) => line.includes('cannot pay for gas'));
  await until('the log says who needs money', () => warned().length > 0);
  assert.match(warned()[0], new RegExp(provider));
  assert.deepEqual(await announced(datatoken), []);

  await stack.chain.rpc('anvil_setBalance', [provider, `0x${(10n ** 18n).toString(16)}`]);
  await until('it is announced', async () => (await announced(datatoken)).length > 0);
  const [event] = await announced(datatoken);
  const consumer = await buyer.getAddress();
  assert.deepEqual([event.providerAddress, event.consumerAddress, event.orderTxId], [provider, consumer, order]);
  assert.equal(toUtf8String(event.consumerData), `${asset.id}${url.searchParams.get('nonce')}`);
  const { time, ...receipt } = JSON.parse(toUtf8String(event.providerData));
  assert.ok(!Number.isNaN(Date.parse(time)));
  assert.deepEqual(receipt, {
    chainId: 8996,
    orderTx: order,
    consumerAddress: consumer.toLowerCase(),
    documentId: asset.id,
    serviceId: asset.services[0].id,
    fileIndex: 0,
    range: null,
    downloadedBytes: readings.length,
    sha256: createHash('sha256').update(readings).digest('hex'),
  });
  assert.equal(warned().length, 1, 'and said once');
});

test('one after the other is announced', async () => {
  const { asset, buyer, order } = await sold('/again.csv');
  const datatoken = asset.services[0].datatokenAddress;
  for (let round = 0; round < 5; round += 1) await download(asset, order, buyer);
  await until('all are announced', async () => (await announced(datatoken)).length === 5);
  const texts = (await announced(datatoken)).map(({ consumerData }) => consumerData);
  assert.equal(new Set(texts).size, 5);
});

/** An asset of one file, and an order of it. */
async function sold(path) {
  const aquarius = new ocean.lib.Aquarius(stack.cache.url);
  const files = filesOf(urlFile(stack.files.offer(path, readings)));
  const did = await ocean.lib.createAsset(
    'Field', 'FIELD', publisher, files, 1, newAsset(), true, stack.provider.url, stack.addresses.Ocean, aquarius,
  );
  const asset = await aquarius.waitForIndexer(did, undefined, undefined, 20);
  const service = asset.services[0];
  const wallet = await stack.chain.newWallet();
  const shop = new ocean.lib.Datatoken(publisher, 8996);
  await (await shop.mint(service.datatokenAddress, await publisher.getAddress(), '1', wallet.address)).wait();
  const buyer = ocean.signer(wallet);
  const { providerFee } = await ocean.lib.ProviderInstance.initialize(asset.id, service.id, 0, wallet.address, stack.provider.url);
  const sent = await new ocean.lib.Datatoken(buyer, 8996).startOrder(service.datatokenAddress, wallet.address, 0, providerFee);
  const { transactionHash } = await sent.wait();
  return { asset, buyer, order: transactionHash };
}

/** Downloads the file, and gives the URL that it was asked for with. */
async function download(asset, order, buyer) {
  const url = await ocean.lib.ProviderInstance.getDownloadUrl(asset.id, asset.services[0].id, 0, order, stack.provider.url, buyer);
  const { data } = await ocean.lib.downloadFile(url, 0);
  assert.ok(Buffer.from(data).equals(readings));
  return new URL(url);
}

/** What a datatoken says of orders that were executed. */
async function announced(address) {
  const { topicHash } = DATATOKEN.getEvent('OrderExecuted');
  const logs = await stack.chain.provider.getLogs({ address, topics: [topicHash], fromBlock: 0 });
  return logs.map((log) => DATATOKEN.parseLog(log).args);
}

async function until(what, holds) {
  const end = Date.now() + 60_000;
  while (!(await holds())) {
    assert.ok(Date.now() < end, `it never happened: ${what}`);
    await pause(50);
  }
}
