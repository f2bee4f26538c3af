// Orders that pay for nothing, for something else, or for somebody else, each made by real transactions.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Interface, hexlify, parseEther, randomBytes, ZeroAddress } from 'ethers';
import { deploy, script, topicOf } from '../../lib/contracts.mjs';
import { Market } from '../../lib/market.mjs';
import { urlFile } from '../../lib/ocean-js.mjs';
import { artifact } from '../../lib/ocean.mjs';
import { delivered, refused } from '../../lib/refused.mjs';
import { Stack } from '../../lib/stack.mjs';

const DATATOKEN = new Interface(artifact('ERC20Template').abi);
const TREASURE = 'what is sold';
const HOUR = 3600;
let stack;
let market;
let seller;
let asset;
let old;

before(async () => {
  stack = await Stack.start({ past: true });
  market = new Market(stack);
  seller = await stack.chain.newWallet();
  old = await oldOrder();
  await stack.toPresent();
  asset = await market.publish(seller, [treasure()], { services: [{}, { timeout: HOUR }] });
});
after(() => stack?.stop());

test('an honest order opens the download', async () => {
  const buyer = await stack.chain.newWallet();
  const { hash } = await market.order(asset, buyer);
  await delivered(await market.download(asset, hash, buyer), TREASURE);
});

test("another contract's events are no order", async () => {
  const buyer = await stack.chain.newWallet();
  const forger = await deploy(buyer, script(forgedOrder(asset.service, buyer.address, await market.quote(asset, buyer.address))));
  await refusedOrder(await callOf(buyer, forger), buyer, /Cannot find the event/);
});

test("forged events beside a real order of one's own datatoken are no order", async () => {
  const buyer = await stack.chain.newWallet();
  const own = await market.publish(buyer, [treasure()]);
  const steps = [
    market.orderCall(own.service, buyer.address, await market.quote(own, buyer.address)),
    ...forgedOrder(asset.service, buyer.address, await market.quote(asset, buyer.address)),
  ];
  const forger = await deploy(buyer, script(steps));
  await market.give(own, forger);
  await refusedOrder(await callOf(buyer, forger), buyer, /Cannot find the event/);
});

test("an order of one's own datatoken with the fee of another's is no order", async () => {
  const buyer = await stack.chain.newWallet();
  const own = await market.publish(buyer, [treasure()]);
  const { hash } = await market.order(own, buyer, { fee: await market.quote(asset, buyer.address) });
  await refusedOrder(hash, buyer, /Cannot find the event/);
});

test("an order with another datatoken's fee is refused", async () => {
  const buyer = await stack.chain.newWallet();
  const other = await market.publish(seller, [treasure()]);
  const { hash } = await market.order(asset, buyer, { fee: await market.quote(other, buyer.address) });
  await refusedOrder(hash, buyer, /Cannot find the event for the provider fee/);
});

test("an order with a fee that somebody else signed is refused", async () => {
  const buyer = await stack.chain.newWallet();
  const { hash } = await market.order(asset, buyer, { fee: market.forgedQuote(await stack.chain.newWallet(), asset.service) });
  await refusedOrder(hash, buyer, /providerFeeAddress .* does not match the provider address/);
});

test("another buyer's order is refused", async () => {
  const [buyer, thief] = [await stack.chain.newWallet(), await stack.chain.newWallet()];
  const { hash } = await market.order(asset, buyer);
  await refusedOrder(hash, thief, /not the consumer\/payer/);
});

test('reusing the order of somebody else opens nothing', async () => {
  const [buyer, thief] = [await stack.chain.newWallet(), await stack.chain.newWallet()];
  const { hash } = await market.order(asset, buyer);
  const reused = await market.reuse(asset, thief, hash);
  await refusedOrder(reused.hash, thief, /not the consumer\/payer/);
});

test('reusing an order of another asset opens nothing', async () => {
  const buyer = await stack.chain.newWallet();
  const other = await market.publish(seller, [treasure()]);
  const { hash } = await market.order(other, buyer);
  const reused = await market.reuse(asset, buyer, hash);
  await refusedOrder(reused.hash, buyer);
});

test('whoever paid and whoever it was paid for may both download, and nobody else', async () => {
  const [payer, consumer] = [await stack.chain.newWallet(), await stack.chain.newWallet()];
  const { hash } = await market.order(asset, payer, { consumer: consumer.address });
  await delivered(await market.download(asset, hash, payer), TREASURE);
  await delivered(await market.download(asset, hash, consumer), TREASURE);
  await refusedOrder(hash, await stack.chain.newWallet(), /not the consumer\/payer/);
});

test('a contract orders for two in one transaction, and both may download', async () => {
  const [one, two] = [await stack.chain.newWallet(), await stack.chain.newWallet()];
  const steps = await Promise.all([one, two].map(async ({ address }) => market.orderCall(asset.service, address, await market.quote(asset, address))));
  const multicall = await deploy(one, script(steps));
  await market.give(asset, multicall);
  await market.give(asset, multicall);
  const hash = await callOf(one, multicall);
  await delivered(await market.download(asset, hash, one), TREASURE, 'the first');
  await delivered(await market.download(asset, hash, two), TREASURE, 'the second');
  await refusedOrder(hash, await stack.chain.newWallet());
});

test('the order of one service opens no other', async () => {
  const buyer = await stack.chain.newWallet();
  const { hash } = await market.order(asset, buyer, { service: asset.services[1] });
  await delivered(await market.download(asset, hash, buyer, { serviceId: asset.services[1].id }), TREASURE);
  await refusedOrder(hash, buyer, /Cannot find the event/);
});

test('an order that names another service than its fee is refused for both', async () => {
  const buyer = await stack.chain.newWallet();
  const { hash } = await market.order(asset, buyer, { index: 1 });
  await refusedOrder(hash, buyer, /Cannot find the event for the order/);
  await refusedOrder(hash, buyer, /Cannot find the event/, { serviceId: asset.services[1].id });
});

test('an expired order is refused until it is ordered again', async () => {
  const { aged, buyer, hash } = old;
  await refused(await market.download(aged, hash, buyer), /The order has expired/);
  const reused = await market.reuse(aged, buyer, hash);
  await delivered(await market.download(aged, reused.hash, buyer), TREASURE);
});

test('an old order of a service that does not expire opens the download', async () => {
  const { forever, buyer, lasting } = old;
  await delivered(await market.download(forever, lasting, buyer), TREASURE);
});

test('transactions that are not there, failed, or are something else open nothing', async () => {
  const buyer = await stack.chain.newWallet();
  const patience = { signal: AbortSignal.timeout(60_000) };
  const request = market.downloadOf(asset, hexlify(randomBytes(32)), buyer);
  await refused(await stack.provider.get('download', request, patience), undefined, 'a transaction nobody knows');

  const failing = await deploy(buyer, script([market.orderCall(asset.service, buyer.address, await market.quote(asset, buyer.address))]));
  const failed = await buyer.sendTransaction({ to: failing, gasLimit: 1_000_000 });
  await assert.rejects(failed.wait());
  await refusedOrder(failed.hash, buyer);

  const transfer = await (await buyer.sendTransaction({ to: seller.address, value: 1 })).wait();
  await refusedOrder(transfer.hash, buyer, /Cannot find the event/);

  for (const tx of ['0x', '0x1234', 'not-hexadecimal', `0x${'0'.repeat(64)}`, `${'a'.repeat(10_000)}`]) await refusedOrder(tx, buyer);
});

test("a copy of another asset's encrypted files opens nothing", async () => {
  const thief = await stack.chain.newWallet();
  const copy = await market.publish(thief, [], { sealed: asset.service.files });
  const asked = stack.files.requests.length;
  const quote = await stack.provider.get('initialize', { documentId: copy.did, serviceId: copy.service.id, consumerAddress: thief.address, fileIndex: 0 });
  await refused(quote, undefined, 'initialize');
  await refused(await stack.provider.post('fileinfo', { did: copy.did, serviceId: copy.service.id }), /Unable to get dataset files/, 'fileinfo');
  const { hash } = await market.order(copy, thief, { fee: market.forgedQuote(thief, copy.service) });
  await refused(await market.download(copy, hash, thief), undefined, 'download');
  assert.equal(stack.files.requests.length, asked, 'the origin has not been asked');
});

test('an asset that its owner has ended, or whose list has no place for the buyer, is not sold', async () => {
  const buyer = await stack.chain.newWallet();
  const ended = await market.publish(seller, [treasure()]);
  const { hash } = await market.order(ended, buyer);
  await market.describe(ended, ended.ddo, 1);
  // A server of its own: the other has just seen this asset for sale, and believes that for some seconds.
  const fresh = await stack.startProvider();
  await refused(await fresh.get('download', market.downloadOf(ended, hash, buyer)), /not consumable|disabled|end of life/i);
  await fresh.stop();

  const lists = { allow: [], deny: [{ type: 'address', values: [buyer.address.toLowerCase()] }] };
  const denying = await market.publish(seller, [treasure()], { document: { credentials: lists } });
  const quote = await stack.provider.get('initialize', { documentId: denying.did, serviceId: denying.service.id, consumerAddress: buyer.address });
  await refused(quote, /CREDENTIAL_IN_DENY_LIST/);
  const paid = await market.order(denying, seller, { consumer: buyer.address, fee: await market.quote(denying, seller.address) });
  await refused(await market.download(denying, paid.hash, buyer), /CREDENTIAL_IN_DENY_LIST/);
});

function treasure() {
  return urlFile(stack.files.offer('/treasure', TREASURE));
}

/** Orders of a month ago, one of them for an hour. */
async function oldOrder() {
  const buyer = await stack.chain.newWallet();
  const aged = await market.publish(seller, [treasure()], { services: [{ timeout: HOUR }] });
  const forever = await market.publish(seller, [treasure()]);
  const [short, long] = [await market.order(aged, buyer), await market.order(forever, buyer)];
  return { aged, forever, buyer, hash: short.hash, lasting: long.hash };
}

/** The two events of an honest order, for any contract to emit. */
function forgedOrder(service, consumer, fee) {
  const [address, token, amount, v, r, s, validUntil, providerData] = fee;
  const now = Math.floor(Date.now() / 1000);
  const feeEvent = DATATOKEN.encodeEventLog('ProviderFee', [address, token, amount, providerData, v, r, s, validUntil]);
  const order = DATATOKEN.encodeEventLog('OrderStarted', [consumer, consumer, parseEther('1'), 0, now, ZeroAddress, 1]);
  assert.deepEqual(order.topics[1], topicOf(consumer.toLowerCase()));
  return [feeEvent, order].map(({ topics, data }) => ({ log: topics, data }));
}

async function callOf(wallet, contract) {
  const sent = await wallet.sendTransaction({ to: contract });
  const { hash } = await sent.wait();
  return hash;
}

/** Downloads with `tx`, and checks that this is refused without asking the origin. */
async function refusedOrder(tx, wallet, says, given) {
  const asked = stack.files.requests.length;
  await refused(await market.download(asset, tx, wallet, given), says, `download with ${tx.slice(0, 70)}`);
  assert.equal(stack.files.requests.length, asked, 'the origin has not been asked');
}
