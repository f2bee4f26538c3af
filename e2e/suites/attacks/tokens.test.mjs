// Tokens: they open what their owner bought, until they end, and nobody else makes them.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';
import { Market } from '../../lib/market.mjs';
import { urlFile } from '../../lib/ocean-js.mjs';
import { delivered, refused } from '../../lib/refused.mjs';
import { signText } from '../../lib/signing.mjs';
import { Stack } from '../../lib/stack.mjs';

const TREASURE = 'what is sold';
let stack;
let market;
let asset;
let buyer;
let order;

before(async () => {
  stack = await Stack.start();
  market = new Market(stack);
  asset = await market.publish(await stack.chain.newWallet(), [urlFile(stack.files.offer('/treasure', TREASURE))]);
  buyer = await stack.chain.newWallet();
  order = (await market.order(asset, buyer)).hash;
});
after(() => stack?.stop());

test("a token opens its owner's downloads, in either header", async () => {
  const token = await newToken(buyer);
  await delivered(await downloadWith({ AuthToken: token }), TREASURE, 'AuthToken');
  await delivered(await downloadWith({ Authorization: token }), TREASURE, 'Authorization');
  await delivered(await downloadWith({ Authorization: `Bearer ${token}` }), TREASURE, 'Bearer');
});

test("a stranger's token opens nothing, whoever it says it is for", async () => {
  const stranger = await stack.chain.newWallet();
  const token = await newToken(stranger);
  await refused(await downloadWith({ AuthToken: token }), undefined, "with the buyer's address");
  await refused(await downloadWith({ AuthToken: token }, { consumerAddress: stranger.address }), undefined, 'with their own');
});

test('a token is deleted for good, also over a restart, and only by its owner', async () => {
  const token = await newToken(buyer);
  const thief = await stack.chain.newWallet();
  await refused(await deleteToken(thief, token), undefined, 'deleted by somebody else');
  await delivered(await downloadWith({ AuthToken: token }), TREASURE, 'after that');

  const deleted = await deleteToken(buyer, token);
  assert.equal(deleted.status, 200);
  await refused(await downloadWith({ AuthToken: token }), undefined, 'deleted');
  const again = await newToken(buyer);
  assert.notEqual(again, token);
  await refused(await downloadWith({ AuthToken: token }), undefined, 'deleted, and another made');
  await stack.provider.kill();
  await stack.provider.start();
  await refused(await downloadWith({ AuthToken: token }), undefined, 'deleted, after a restart');
  await delivered(await downloadWith({ AuthToken: again }), TREASURE, 'the other one, after a restart');
});

test('the signature that deletes a token may come in a header, as published examples send it', async () => {
  const token = await newToken(buyer);
  const nonce = market.nextNonce();
  const headers = { signature: signText(buyer, `${buyer.address}${nonce}`) };
  const deleted = await stack.provider.get('deleteAuthToken', { address: buyer.address, nonce, token }, { method: 'DELETE', headers });
  assert.deepEqual(await deleted.json(), { success: 'Token has been deactivated.' });
  await refused(await downloadWith({ AuthToken: token }));
});

test('tokens that somebody else made are refused', async () => {
  const claims = { exp: inAnHour(), address: buyer.address, jti: 'forged' };
  const real = (await newToken(buyer)).split('.');
  const changed = Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(real[1], 'base64url')), exp: inAnHour() + 1e6 })).toString('base64url');
  const forged = {
    "signed with the Provider's own key as text": jwt({ typ: 'JWT', alg: 'HS256' }, claims, stack.key),
    'the same without 0x': jwt({ typ: 'JWT', alg: 'HS256' }, claims, stack.key.slice(2)),
    'signed with the key itself': jwt({ typ: 'JWT', alg: 'HS256' }, claims, Buffer.from(stack.key.slice(2), 'hex')),
    'signed with nothing': jwt({ typ: 'JWT', alg: 'HS256' }, claims, ''),
    'not signed': `${encoded({ typ: 'JWT', alg: 'none' })}.${encoded(claims)}.`,
    'signed for other claims': [real[0], changed, real[2]].join('.'),
    'without its signature': `${real[0]}.${real[1]}.`,
    'of nonsense': 'token',
    'very long': `${'a'.repeat(6000)}.b.c`,
  };
  for (const [what, token] of Object.entries(forged)) await refused(await downloadWith({ AuthToken: token }), undefined, `a token ${what}`);
});

test('a token is not made for the past, for no date, or for somebody else', async () => {
  const ask = (given, signer = buyer) => {
    const nonce = market.nextNonce();
    return stack.provider.get('createAuthToken', { address: buyer.address, nonce, signature: signText(signer, `${buyer.address}${nonce}`), ...given });
  };
  await refused(await ask({ expiration: 1000 }), /Invalid timestamp provided/);
  await refused(await ask({ expiration: 'soon' }), /The expiration must be an integer/);
  await refused(await ask({}), /expiration/);
  await refused(await ask({ expiration: inAnHour() }, await stack.chain.newWallet()), undefined, 'signed by somebody else');
  await refused(await ask({ expiration: inAnHour(), signature: '' }), /signature/i);
});

test('a token that is wrong does not spoil a signature that is right', async () => {
  const request = market.downloadOf(asset, order, buyer);
  await delivered(await stack.provider.get('download', request, { headers: { AuthToken: 'nonsense' } }), TREASURE);
});

async function newToken(wallet) {
  const nonce = market.nextNonce();
  const request = { address: wallet.address, nonce, expiration: inAnHour(), signature: signText(wallet, `${wallet.address}${nonce}`) };
  const answer = await stack.provider.get('createAuthToken', request);
  assert.equal(answer.status, 200);
  return (await answer.json()).token;
}

function deleteToken(wallet, token) {
  const nonce = market.nextNonce();
  const request = { address: wallet.address, nonce, token, signature: signText(wallet, `${wallet.address}${nonce}`) };
  return stack.provider.get('deleteAuthToken', request, { method: 'DELETE' });
}

/** Downloads by a header, without a signature. */
function downloadWith(headers, given) {
  const { signature: _, ...request } = market.downloadOf(asset, order, buyer, given);
  return stack.provider.get('download', request, { headers });
}

function encoded(part) {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}

function jwt(header, claims, key) {
  const signed = `${encoded(header)}.${encoded(claims)}`;
  return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`;
}

function inAnHour() {
  return Math.floor(Date.now() / 1000) + 3600;
}
