// ocean.js 8.6.2 (and 6.1.2), which speaks to a Provider as to an Ocean Node: signed commands, tokens in the Authorization header, and
// signatures over hashes that have lost their leading zero bytes.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { Wallet, id, keccak256, toUtf8Bytes } from 'ethers';
import { newAsset, oceanJs, urlFile } from '../lib/ocean-js.mjs';
import { Proxy } from '../lib/proxy.mjs';
import { Stack } from '../lib/stack.mjs';

const readings = randomBytes(100_000);
let stack;
let front;
let ocean;
let node;
let publisher;

before(async () => {
  stack = await Stack.start();
  // To it the metadata cache is a part of the Provider, as in an Ocean Node.
  front = await Proxy.start((path) => (path.startsWith('/api/aquarius') ? stack.cache.url : stack.provider.url));
  ocean = oceanJs('ocean-js-8', stack);
  node = ocean.lib.ProviderInstance;
  publisher = ocean.signer(await stack.chain.newWallet());
});
after(async () => {
  ocean?.close();
  await front?.stop();
  await stack?.stop();
});

/** Publishes a file with ocean.js' own helper, and sells it to somebody new, or to whoever has that wallet. */
async function sell(path, wallet) {
  const aquarius = new ocean.lib.Aquarius(stack.cache.url);
  const did = await ocean.lib.createAsset(
    'Field', 'FIELD', publisher, [urlFile(stack.files.offer(path, readings))], 1, newAsset(), true, front.url,
    stack.addresses.Ocean, aquarius,
  );
  const asset = await aquarius.waitForIndexer(did, undefined, undefined, 20);
  assert.deepEqual(stack.cache.failures, []);

  const buyer = ocean.signer(await stack.chain.newWallet(wallet));
  const service = asset.services[0];
  const datatoken = new ocean.lib.Datatoken(publisher, 8996);
  await (await datatoken.mint(service.datatokenAddress, publisher.address, '1', buyer.address)).wait();
  const { providerFee } = await node.initialize(asset.id, service.id, 0, buyer.address, stack.provider.url);
  const sent = await new ocean.lib.Datatoken(buyer, 8996).startOrder(service.datatokenAddress, buyer.address, 0, providerFee);
  const { hash } = await sent.wait();
  return { asset, buyer, ask: [asset.id, service.id, 0, hash, stack.provider.url] };
}

test('a published file is bought and downloaded', async () => {
  const { asset, buyer, ask } = await sell('/readings.csv');
  const [info] = await node.checkDidFiles(asset.id, asset.services[0].id, stack.provider.url);
  assert.equal(info.contentLength, String(readings.length));
  const { data, filename } = await ocean.lib.downloadFile(await node.getDownloadUrl(...ask, buyer));
  assert.ok(Buffer.from(data).equals(readings));
  assert.equal(filename, 'readings.csv');
});

test('a token opens downloads without signature and nonce, until it is invalidated', async () => {
  const { buyer, ask } = await sell('/token.csv');
  const token = await node.generateAuthToken(buyer, stack.provider.url);
  const url = await node.getDownloadUrl(...ask, token);
  const downloadWith = (authorization) => fetch(url, { headers: { Authorization: authorization } });
  for (const round of [1, 2]) {
    const opened = await downloadWith(token);
    assert.equal(opened.status, 200, `download ${round}`);
    assert.ok(Buffer.from(await opened.arrayBuffer()).equals(readings));
  }
  assert.deepEqual(await node.invalidateAuthToken(buyer, token, stack.provider.url), { success: true });
  assert.equal((await downloadWith(token)).status, 400);

  const stranger = ocean.signer(await stack.chain.newWallet());
  const theirs = await node.generateAuthToken(stranger, stack.provider.url);
  const borrowed = new URL(url);
  assert.equal((await fetch(borrowed, { headers: { Authorization: theirs } })).status, 400, "another's token with the buyer's address");
  borrowed.searchParams.set('consumerAddress', stranger.address);
  assert.equal((await fetch(borrowed, { headers: { Authorization: theirs } })).status, 400, "another's token with the buyer's order");
});

test('ocean.js 6.1.2 encrypts, and downloads by signature and by token', async () => {
  const { buyer, ask } = await sell('/six.csv');
  const six = oceanJs('ocean-js-6', stack);
  const wallet = six.signer(buyer);
  const { ProviderInstance } = six.lib;
  assert.match(await ProviderInstance.encrypt({ some: 'document' }, 8996, stack.provider.url, wallet), /^0x[0-9a-f]+$/);
  const { data } = await six.lib.downloadFile(await ProviderInstance.getDownloadUrl(...ask, wallet));
  assert.ok(Buffer.from(data).equals(readings));
  const token = await ProviderInstance.generateAuthToken(wallet, stack.provider.url);
  const opened = await fetch(await ProviderInstance.getDownloadUrl(...ask, token), { headers: { Authorization: token } });
  assert.equal(opened.status, 200);
  assert.ok(Buffer.from(await opened.arrayBuffer()).equals(readings));
  six.close();
});

test('a token names who asked for it', async () => {
  const somebody = ocean.signer(await stack.chain.newWallet());
  const token = await node.generateAuthToken(somebody, stack.provider.url);
  const [, claims] = token.split('.');
  assert.equal(JSON.parse(Buffer.from(claims, 'base64url')).address, somebody.address);
});

test('300 signatures are accepted, the 40 over shortened hashes too', async () => {
  const buyer = ocean.signer(await stack.chain.newWallet());
  const corpus = nonces(buyer.address, 'createAuthToken', { plain: 260, shortened: 40 });
  for (const nonce of corpus) {
    const text = `${buyer.address}${nonce}createAuthToken`;
    const signature = await ocean.lib.signRequest(buyer, text);
    const answer = await stack.provider.post('auth/token', { address: buyer.address, signature, nonce: String(nonce) });
    assert.equal(answer.status, 200, `nonce ${nonce}, hash ${hashOf(text)}: ${await answer.text()}`);
  }
  assert.equal(corpus.length, 300);
});

test('a download is accepted whose hash has lost one or two bytes', async () => {
  const { asset, buyer, ask } = await sell('/short.csv', new Wallet(id('whose hashes begin with zeros')));
  const [once] = nonces(buyer.address, 'download', { shortened: 1 });
  // Found once: one text in 65,536 has such a hash.
  const twice = 70204;
  assert.match(hashOf(`${buyer.address}${twice}download`), /^0x0000/);
  for (const nonce of [once, twice]) {
    const signature = await ocean.lib.signRequest(buyer, `${buyer.address}${nonce}download`);
    const answer = await stack.provider.get('download', {
      documentId: asset.id, serviceId: ask[1], fileIndex: 0, transferTxId: ask[3], consumerAddress: buyer.address, nonce, signature,
    });
    assert.equal(answer.status, 200);
    assert.ok(Buffer.from(await answer.arrayBuffer()).equals(readings));
  }
});

/** Rising nonces: so many whose signed hash begins with a zero byte, and so many for which it does not. */
function nonces(address, command, { plain = 0, shortened = 0 }) {
  const found = [];
  let wanted = { plain, shortened };
  for (let nonce = 1; wanted.plain + wanted.shortened > 0; nonce += 1) {
    const kind = hashOf(`${address}${nonce}${command}`).startsWith('0x00') ? 'shortened' : 'plain';
    if (wanted[kind] === 0) continue;
    wanted = { ...wanted, [kind]: wanted[kind] - 1 };
    found.push(nonce);
  }
  return found;
}

function hashOf(text) {
  return keccak256(toUtf8Bytes(text));
}
