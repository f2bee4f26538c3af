// Signed requests: each counts once, by whom it names, as it was signed, whatever happens to the server in between.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { deploy, wallet as contractWallet } from '../../lib/contracts.mjs';
import { Market } from '../../lib/market.mjs';
import { urlFile } from '../../lib/ocean-js.mjs';
import { delivered, refused } from '../../lib/refused.mjs';
import { signText, signTextAsHex } from '../../lib/signing.mjs';
import { Stack } from '../../lib/stack.mjs';

const TREASURE = 'what is sold';
let stack;
let market;
let seller;
let asset;

before(async () => {
  stack = await Stack.start();
  market = new Market(stack);
  seller = await stack.chain.newWallet();
  asset = await market.publish(seller, [urlFile(stack.files.offer('/treasure', TREASURE))]);
});
after(() => stack?.stop());

test('a download is answered once, however often it is asked at once', async () => {
  const { request } = await bought();
  const answers = await Promise.all(Array.from({ length: 64 }, () => stack.provider.get('download', request)));
  await onlyOne(answers);
  await refused(await stack.provider.get('download', request), /nonce/i);
});

test('a download that was answered stays answered over a kill and a restart', async () => {
  const { request } = await bought();
  const answers = Array.from({ length: 64 }, () => stack.provider.get('download', request).catch(() => undefined));
  const first = await Promise.any(answers.map(async (answer) => ((await answer)?.status === 200 ? answer : Promise.reject(new Error('not this one')))));
  await stack.provider.kill();
  assert.equal(first.status, 200);
  const others = (await Promise.all(answers)).filter((answer) => answer && answer !== first);
  assert.ok(others.every(({ status }) => status !== 200));
  await stack.provider.start();
  await refused(await stack.provider.get('download', request), /nonce/i, 'after the restart');
});

test('a token is made once for one signature, however often it is asked at once', async () => {
  const somebody = await stack.chain.newWallet();
  const nonce = market.nextNonce();
  const request = { address: somebody.address, nonce, expiration: inAnHour(), signature: signText(somebody, `${somebody.address}${nonce}`) };
  const answers = await Promise.all(Array.from({ length: 50 }, () => stack.provider.get('createAuthToken', request)));
  await onlyOne(answers);
  await refused(await stack.provider.get('createAuthToken', { ...request, expiration: inAnHour() + 1_000_000 }), /nonce/i);
});

test('the nonce of one kind of request is used for every other', async () => {
  const { buyer, request } = await bought();
  await delivered(await stack.provider.get('download', request), TREASURE);
  const { nonce } = request;
  const signature = signText(buyer, `${buyer.address}${nonce}`);
  await refused(await stack.provider.get('createAuthToken', { address: buyer.address, nonce, expiration: inAnHour(), signature }), /nonce/i);
});

test('an address in another case is the same address', async () => {
  const { request } = await bought();
  await delivered(await stack.provider.get('download', request), TREASURE);
  for (const consumerAddress of [request.consumerAddress.toLowerCase(), `0x${request.consumerAddress.slice(2).toUpperCase()}`]) {
    await refused(await stack.provider.get('download', { ...request, consumerAddress }), /nonce/i, consumerAddress);
  }
});

test('nonces are compared as numbers, and the answer says which was the last', async () => {
  const { buyer, hash } = await bought();
  const ask = (nonce) => market.download(asset, hash, buyer, { nonce });
  await delivered(await ask('9'), TREASURE, '9');
  await delivered(await ask('10'), TREASURE, '10');
  const nonce = await stack.provider.get('nonce', { userAddress: buyer.address });
  assert.deepEqual(await nonce.json(), { nonce: 10 });
  await refused(await ask('10'), /10/, '10 again');
  await refused(await ask('10.0'), undefined, '10.0');
  await refused(await ask('010'), undefined, '010');
  await refused(await ask('9.9'), undefined, '9.9');
  await delivered(await ask('10.5'), TREASURE, '10.5');
  await delivered(await ask('1732230000123456789'), TREASURE, 'nanoseconds');
  await delivered(await ask('1732230000123456790'), TREASURE, 'the next nanosecond');
  await refused(await ask('1732230000123456789'), undefined, 'the nanosecond before');
});

test('what is no number is refused and locks nobody out', async () => {
  const { buyer, hash } = await bought();
  const nonces = ['NaN', 'Infinity', '-Infinity', '-1', '+5', '1e30', '0x10', '1_000', '', ' ', '１２', 'null', '9'.repeat(39), `1.${'1'.repeat(10)}`, '1.2.3'];
  for (const nonce of nonces) await refused(await market.download(asset, hash, buyer, { nonce }), undefined, `nonce ${nonce}`);
  await delivered(await market.download(asset, hash, buyer, { nonce: '2' }), TREASURE);
});

test("somebody else's signature, or one over something else, opens nothing", async () => {
  const { buyer, hash, request } = await bought();
  const thief = await stack.chain.newWallet();
  const { nonce } = request;
  const right = signText(buyer, `${asset.did}${nonce}`);
  const wrong = {
    'by somebody else': signText(thief, `${asset.did}${nonce}`),
    'over another nonce': signText(buyer, `${asset.did}${Number(nonce) + 1}`),
    'over another asset': signText(buyer, `did:op:${'0'.repeat(64)}${nonce}`),
    'over another command': signText(buyer, `${buyer.address}${nonce}createAuthToken`),
    'over the text itself': buyer.signMessageSync(`${asset.did}${nonce}`),
    'a byte too short': right.slice(0, -2),
    'a byte too long': `${right}00`,
    'of zeros': `0x${'0'.repeat(130)}`,
    'of nonsense': 'nonsense',
    'very long': `0x${'a'.repeat(7000)}`,
  };
  const asked = stack.files.requests.length;
  for (const [what, signature] of Object.entries(wrong)) {
    const text = await refused(await market.download(asset, hash, buyer, { nonce, signature }), undefined, `a signature ${what}`);
    assert.ok(!text.includes(signature), `an error that repeats the signature: ${text}`);
  }
  assert.equal(stack.files.requests.length, asked, 'the origin has not been asked');
  await delivered(await stack.provider.get('download', request), TREASURE, 'the right one afterwards');
});

test('each way in which clients write a signature is understood', async () => {
  const { buyer, hash } = await bought();
  const ways = {
    'without 0x': (text) => signText(buyer, text).slice(2),
    'in capitals': (text) => `0x${signText(buyer, text).slice(2).toUpperCase()}`,
    'with 0 or 1 at its end': (text) => signText(buyer, text).replace(/1b$/, '00').replace(/1c$/, '01'),
    'over the hash as text': (text) => signTextAsHex(buyer, text),
  };
  for (const [what, sign] of Object.entries(ways)) {
    const answer = await market.download(asset, hash, buyer, { sign: (_, text) => sign(text) });
    await delivered(answer, TREASURE, `a signature ${what}`);
  }
  const nonce = market.nextNonce();
  const signature = signText(buyer, `${buyer.address}${nonce}download`);
  await delivered(await market.download(asset, hash, buyer, { nonce, signature }), TREASURE, "in the node's dialect");
});

test("a contract wallet downloads by its owner's signature, and by no other", async () => {
  const [owner, thief] = [await stack.chain.newWallet(), await stack.chain.newWallet()];
  const address = await deploy(owner, contractWallet(owner.address));
  const { hash } = await market.order(asset, owner, { consumer: address });
  const as = (signer) => market.download(asset, hash, { address }, { sign: (_, text) => signText(signer, text) });
  await refused(await as(thief));
  await delivered(await as(owner), TREASURE);
});

/** An order of somebody new, and a signed request for it. */
async function bought() {
  const buyer = await stack.chain.newWallet();
  const { hash } = await market.order(asset, buyer);
  return { buyer, hash, request: market.downloadOf(asset, hash, buyer) };
}

async function onlyOne(answers) {
  const good = answers.filter(({ status }) => status === 200);
  assert.equal(good.length, 1, answers.map(({ status }) => status).join(' '));
  for (const answer of answers) {
    if (answer === good[0]) await answer.arrayBuffer();
    else await refused(answer, /nonce/i);
  }
}

function inAnHour() {
  return Math.floor(Date.now() / 1000) + 3600;
}
