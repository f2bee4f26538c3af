// Our own JavaScript package, with real wallets, contracts and orders.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { Market, feeTuple } from '../lib/market.mjs';
import { Stack } from '../lib/stack.mjs';
import { Access, create } from '../../sdk/js/dist/index.js';

const READINGS = randomBytes(1_000_000);
let stack;
let market;
let seller;
let asset;

before(async () => {
  stack = await Stack.start();
  market = new Market(stack);
  seller = await stack.chain.newWallet();
  const url = stack.files.offer('/readings.csv', READINGS, { headers: { ETag: '"v1"' } });
  // Every answer of this one breaks off.
  const breaking = stack.files.offer('/breaking.csv', READINGS, { cut: 300_000, headers: { ETag: '"v1"' } });
  asset = await market.publish(seller, [url, breaking].map((one) => ({ type: 'url', url: one, method: 'GET' })));
});
after(() => stack?.stop());

test('a quote is what the datatoken takes, and the order is known afterwards', async () => {
  const buyer = await stack.chain.newWallet();
  const access = accessOf(buyer);
  const service = { documentId: asset.did, serviceId: asset.service.id };
  const { providerFee, datatoken } = await access.initialize(service);
  assert.equal(datatoken, asset.service.datatokenAddress);
  const { hash } = await market.order(asset, buyer, { fee: feeTuple(providerFee) });
  const { validOrder } = await access.initialize({ ...service, transferTxId: hash });
  assert.equal(validOrder, hash);
  assert.ok((await bytesOf(await access.download({ ...service, transferTxId: hash }))).equals(READINGS));
});

test('one wallet downloads many times at once, beside another program of its own', async () => {
  const { buyer, order } = await bought();
  const [access, other] = [accessOf(buyer), accessOf(buyer)];
  const downloads = await Promise.all([...Array(5)].flatMap(() => [access.download(order), other.download(order)]));
  for (const download of downloads) assert.ok((await bytesOf(download)).equals(READINGS));
  assert.ok((await access.nonce()) > 1n);
});

test('a download that breaks off again and again arrives whole', async () => {
  const { buyer, order } = await bought();
  const sha256 = createHash('sha256').update(READINGS).digest('hex');
  const download = await accessOf(buyer).download({ ...order, fileIndex: 1, sha256 });
  assert.ok((await bytesOf(download)).equals(READINGS));
  assert.ok(stack.files.asked('/breaking.csv', 'GET').length >= 4);
});

test('a wallet that a browser has signs as well', async () => {
  const [address] = await stack.chain.rpc('eth_accounts');
  const { hash } = await market.order(asset, await stack.chain.newWallet(), { consumer: address });
  const request = ({ method, params }) => stack.chain.rpc(method === 'eth_requestAccounts' ? 'eth_accounts' : method, params);
  const access = new Access({ url: stack.provider.url, signer: { request } });
  const download = await access.download({ documentId: asset.did, serviceId: asset.service.id, transferTxId: hash });
  assert.ok((await bytesOf(download)).equals(READINGS));
});

test('a token opens downloads until it is deleted', async () => {
  const { buyer, order } = await bought();
  const access = accessOf(buyer);
  const token = await access.createAuthToken({ expiration: new Date(Date.now() + 3_600_000) });
  const holder = new Access({ url: stack.provider.url });
  const call = { ...order, token, consumerAddress: buyer.address };
  assert.ok((await bytesOf(await holder.download(call))).equals(READINGS));
  await access.deleteAuthToken(token);
  await assert.rejects(holder.download(call), { name: 'TidegateError', status: 400 });
});

test('what it pins in private is sold by its owner, and refusals are told', async () => {
  const account = await stack.provider.account('owner@example.org');
  await stack.provider.command(['account', 'wallet', 'add', '--email', account.email, seller.address]);
  const { TIDEGATE_URL: url, TIDEGATE_API_KEY: jwt, TIDEGATE_RSA_PRIVATE_KEY: privateKey } = account.keys;
  const { PinHash } = await create({ url, jwt, privateKey }).pinFile(new File([READINGS], 'soil.csv'), { visibility: 'private' });
  assert.equal((await fetch(`${url}/ipfs/${PinHash}`)).status, 404);
  const sold = await market.publish(seller, [{ type: 'ipfs', hash: PinHash }]);
  const { buyer, order } = await bought(sold);
  const download = await accessOf(buyer).download(order);
  assert.equal(download.size, READINGS.length);
  assert.ok((await bytesOf(download)).equals(READINGS));
  const stranger = accessOf(await stack.chain.newWallet());
  await assert.rejects(stranger.download(order), { name: 'TidegateError', status: 400 });
});

function accessOf(signer) {
  return new Access({ url: stack.provider.url, signer });
}

async function bought(sold = asset) {
  const buyer = await stack.chain.newWallet();
  const { hash } = await market.order(sold, buyer);
  return { buyer, order: { documentId: sold.did, serviceId: sold.service.id, transferTxId: hash } };
}

async function bytesOf(download) {
  return Buffer.from(await (await download.blob()).arrayBuffer());
}
