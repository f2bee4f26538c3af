// Private content that is pinned here is sold by its owner's assets, and by nobody else's; to strangers it is not there.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Wallet } from 'ethers';
import { Chain } from '../lib/chain.mjs';
import { contractAt } from '../lib/ocean.mjs';
import { Market } from '../lib/market.mjs';
import { delivered } from '../lib/refused.mjs';
import { Stack } from '../lib/stack.mjs';

const MIB = 1 << 20;
/** Content that no server here has. */
const NOBODYS = 'QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnU3zz';
const readings = randomBytes(3 * MIB);
let stack;
let market;
let owner;
let account;
let pinned;
let asset;

before(async () => {
  stack = await Stack.start();
  market = new Market(stack);
  owner = await stack.chain.newWallet();
  account = await stack.provider.account('owner@example.org');
  await stack.provider.command(['account', 'wallet', 'add', '--email', account.email, owner.address]);
  pinned = await pin('readings.csv', readings, '--private');
  asset = await market.publish(owner, [ipfs(pinned.cid)]);
});
after(() => stack?.stop());

test('it is bought and downloaded, whole and in parts', async () => {
  const { buyer, hash } = await bought(asset);
  await delivered(await market.download(asset, hash, buyer), readings);
  const headers = { Range: `bytes=${MIB - 10}-${MIB + 9}` };
  const part = await stack.provider.get('download', market.downloadOf(asset, hash, buyer), { headers });
  assert.equal(part.status, 206);
  assert.equal(part.headers.get('content-range'), `bytes ${MIB - 10}-${MIB + 9}/${readings.length}`);
  assert.ok(Buffer.from(await part.arrayBuffer()).equals(readings.subarray(MIB - 10, MIB + 10)));
});

test('what a buyer is told names it nowhere', async () => {
  const { buyer, hash } = await bought(asset);
  const info = await stack.provider.post('fileinfo', { did: asset.did, serviceId: asset.service.id });
  const [file] = await info.json();
  assert.equal(file.valid, true);
  assert.equal(file.contentLength, String(readings.length));
  const answer = await market.download(asset, hash, buyer);
  const told = JSON.stringify([file, ...answer.headers]);
  await delivered(answer, readings);
  assert.ok(!told.includes(pinned.cid), told);
  assert.ok(!stack.provider.logged().includes(pinned.cid), 'nor does the log');
});

test('the receipt of a sale is checked with the file, by its seller', async () => {
  const { buyer, hash } = await bought(asset);
  await delivered(await market.download(asset, hash, buyer), readings);
  const receipt = await receiptOf(hash);
  assert.equal(receipt.seller, owner.address);
  assert.equal(receipt.delivered.consumerAddress.toLowerCase(), buyer.address.toLowerCase());
  assert.ok(!JSON.stringify(receipt).includes(pinned.cid), 'it names the content nowhere');
  const folder = stack.workshop.path('receipt');
  mkdirSync(folder);
  const [file, content] = [join(folder, 'receipt.json'), join(folder, 'readings.csv')];
  writeFileSync(file, JSON.stringify(receipt));
  writeFileSync(content, readings);
  const { address } = new Wallet(stack.key);
  const checked = await stack.provider.command(['receipt', 'verify', file, '--content', content, '--provider', address]);
  assert.deepEqual([checked.good, checked.signer, checked.checks.length], [true, address, 5]);
});

test('to strangers it is not there: neither the file, nor a block of it, nor a CAR', async () => {
  const leaves = await blocksOf(pinned.cid);
  assert.ok(leaves.length >= 3, 'the file has blocks');
  const ask = async (cid, form) => {
    const answer = await fetch(`${stack.provider.url}/ipfs/${cid}${form}`);
    return `${answer.status} ${(await answer.text()).replaceAll(cid, 'CID')}`;
  };
  for (const form of ['', '?format=raw', '?format=car']) {
    const nothing = await ask(NOBODYS, form);
    assert.match(nothing, /^404 /);
    for (const cid of [pinned.cid, ...leaves]) assert.equal(await ask(cid, form), nothing, `${cid}${form}`);
  }
  const info = await stack.provider.post('fileinfo', ipfs(pinned.cid));
  assert.deepEqual(await info.json(), [{ index: 0, type: 'ipfs', valid: false }]);
});

test('an asset of somebody else that names it sells nothing', async () => {
  const thief = await stack.chain.newWallet();
  const stolen = await market.publish(thief, [ipfs(NOBODYS), ipfs(pinned.cid), ipfs((await blocksOf(pinned.cid))[0])]);
  const { buyer, hash } = await bought(stolen);
  const nowhere = await market.download(stolen, hash, buyer, { fileIndex: 0 });
  const said = await gone(nowhere);
  for (const fileIndex of [1, 2]) {
    const answer = await market.download(stolen, hash, buyer, { fileIndex });
    assert.equal(answer.status, nowhere.status);
    assert.equal(await gone(answer), said, 'as for content that nobody has');
  }
});

test('it is sold no more by an NFT that has been given away, nor by a wallet that has been removed', async () => {
  const given = await market.publish(owner, [ipfs(pinned.cid)]);
  const first = await bought(given);
  const { address } = await stack.chain.newWallet();
  await Chain.done(contractAt('ERC721Template', given.nft, owner).transferFrom(owner.address, address, 1));
  await restarted();
  await gone(await market.download(given, first.hash, first.buyer), 'an NFT given away');

  const second = await bought(asset);
  await stack.provider.command(['account', 'wallet', 'remove', '--email', account.email, owner.address]);
  await restarted();
  await gone(await market.download(asset, second.hash, second.buyer), 'a wallet removed');
  await stack.provider.command(['account', 'wallet', 'add', '--email', account.email, owner.address]);
  await restarted();
  await delivered(await market.download(asset, second.hash, second.buyer), readings, 'the wallet again');
});

test('a file in a private folder is sold by its path', async () => {
  const folder = stack.workshop.path('season');
  mkdirSync(join(folder, 'north'), { recursive: true });
  writeFileSync(join(folder, 'north', 'may.csv'), 'north in May');
  writeFileSync(join(folder, 'south.csv'), 'south');
  const { cid } = await stack.provider.command(['pin', folder, '--private'], account.keys);
  const season = await market.publish(owner, [ipfs(`${cid}/north/may.csv`), ipfs(`${cid}/nothing.csv`)]);
  const { buyer, hash } = await bought(season);
  const answer = await market.download(season, hash, buyer);
  assert.equal(answer.headers.get('content-disposition'), 'attachment;filename=may.csv');
  await delivered(answer, 'north in May');
  await gone(await market.download(season, hash, buyer, { fileIndex: 1 }), 'a path that is not there');
  assert.equal((await fetch(`${stack.provider.url}/ipfs/${cid}/north/may.csv`)).status, 404);
});

test("public content is on the gateway, and in anybody's assets", async () => {
  const open = await pin('open.csv', 'open to all');
  assert.equal(await (await fetch(`${stack.provider.url}/ipfs/${open.cid}`)).text(), 'open to all');
  const anybody = await market.publish(await stack.chain.newWallet(), [ipfs(open.cid)]);
  const { buyer, hash } = await bought(anybody);
  await delivered(await market.download(anybody, hash, buyer), 'open to all');
});

/** The receipt of what the order paid for, as the seller gets it. It is written soon after the last byte. */
async function receiptOf(order) {
  const headers = { Authorization: `Bearer ${account.keys.TIDEGATE_API_KEY}` };
  for (const patience = Date.now() + 30_000; Date.now() < patience; await pause(20)) {
    const answer = await fetch(`${stack.provider.url}/api/v1/receipts`, { headers });
    assert.equal(answer.status, 200);
    const { items } = await answer.json();
    const found = items.find(({ delivered }) => delivered.orderTx === order);
    if (found?.seller) return found;
  }
  throw new Error('no receipt came');
}

async function pin(name, bytes, ...flags) {
  const file = join(stack.workshop.path('folder'), name);
  mkdirSync(join(file, '..'));
  writeFileSync(file, bytes);
  return stack.provider.command(['pin', file, ...flags], account.keys);
}

/** The CIDs of the blocks below a file, as the same bytes pinned on another server in public tell them. */
async function blocksOf(cid) {
  const other = await stack.startProvider();
  const { keys } = await other.account('somebody@example.org');
  const file = join(stack.workshop.path('copy'), 'readings.csv');
  mkdirSync(join(file, '..'));
  writeFileSync(file, readings);
  await other.command(['pin', file], keys);
  const root = await (await fetch(`${other.url}/ipfs/${cid}?format=raw`)).arrayBuffer();
  await other.stop();
  return linksOf(Buffer.from(root));
}

/** The CIDs of version 0 in a dag-pb block: each link holds one, 34 bytes that begin with 0x12 0x20. */
function linksOf(block) {
  const links = [];
  for (let at = block.indexOf('0a221220', 0, 'hex'); at !== -1; at = block.indexOf('0a221220', at + 1, 'hex')) {
    links.push(base58(block.subarray(at + 2, at + 36)));
  }
  return links;
}

function base58(bytes) {
  const letters = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
  let text = '';
  for (let value = BigInt(`0x${bytes.toString('hex')}`); value > 0n; value /= 58n) text = letters[Number(value % 58n)] + text;
  return text;
}

function ipfs(hash) {
  return { type: 'ipfs', hash };
}

async function bought(sold) {
  const buyer = await stack.chain.newWallet();
  const { hash } = await market.order(sold, buyer);
  return { buyer, hash };
}

/** Starts the server anew, so that nothing is remembered. */
async function restarted() {
  await stack.provider.stop();
  await stack.provider.start();
}

/** Checks that `answer` delivers nothing, and gives its text. */
async function gone(answer, why) {
  const text = await answer.text();
  assert.ok([400, 404, 502, 503].includes(answer.status), `${why}: ${answer.status} ${text.slice(0, 200)}`);
  return text;
}
