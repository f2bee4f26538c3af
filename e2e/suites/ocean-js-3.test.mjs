// ocean.js 3.4.6 from publishing to downloading, as a market uses it, and the downloads of 3.1.3, 4.3.7 and 5.1.3.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { filesOf, newAsset, oceanJs, urlFile } from '../lib/ocean-js.mjs';
import { contractAt } from '../lib/ocean.mjs';
import { Chain } from '../lib/chain.mjs';
import { Stack } from '../lib/stack.mjs';

const readings = randomBytes(100_000);
let stack;
let ocean;
let publisher;

before(async () => {
  stack = await Stack.start();
  ocean = oceanJs('ocean-js-3', stack);
  publisher = ocean.signer(await stack.chain.newWallet());
});
after(() => stack?.stop());

/** Publishes `files` with ocean.js' own helper and gives the asset as the metadata cache knows it then. */
async function publish(files, { encryptDdo = true, template = 1, ...document } = {}) {
  const aquarius = new ocean.lib.Aquarius(stack.cache.url);
  const did = await ocean.lib.createAsset(
    'Field', 'FIELD', publisher, filesOf(...files), template, newAsset(document), encryptDdo, stack.provider.url,
    stack.addresses.Ocean, aquarius,
  );
  const asset = await aquarius.waitForIndexer(did, undefined, undefined, 20);
  assert.deepEqual(stack.cache.failures, []);
  return asset;
}

/** Somebody with Ether, a datatoken of `asset` and some Ocean. */
async function buyerOf(asset) {
  const wallet = await stack.chain.newWallet();
  const datatoken = new ocean.lib.Datatoken(publisher, 8996);
  await (await datatoken.mint(asset.services[0].datatokenAddress, await publisher.getAddress(), '1', wallet.address)).wait();
  return ocean.signer(wallet);
}

/** Orders with a quote of the Provider, and gives the transaction. */
async function order(asset, buyer) {
  const service = asset.services[0];
  const { providerFee } = await ocean.lib.ProviderInstance.initialize(asset.id, service.id, 0, await buyer.getAddress(), stack.provider.url);
  const datatoken = new ocean.lib.Datatoken(buyer, 8996);
  const sent = await datatoken.startOrder(service.datatokenAddress, await buyer.getAddress(), 0, providerFee);
  return sent.wait();
}

/** Gives somebody ten Ocean tokens. */
function giveOcean(address) {
  const token = contractAt('OceanToken', stack.addresses.Ocean, stack.chain.account(0));
  return Chain.done(token.transfer(address, 10n ** 19n));
}

async function download(asset, tx, buyer, { client = ocean, fileIndex = 0, userdata } = {}) {
  const url = await client.lib.ProviderInstance.getDownloadUrl(
    asset.id, asset.services[0].id, fileIndex, tx, stack.provider.url, buyer, ...(client.policy ? [undefined, userdata] : [userdata]),
  );
  const { data, filename } = await client.lib.downloadFile(url, fileIndex);
  return { bytes: Buffer.from(data), filename, url };
}

test('a published file is bought and downloaded', async () => {
  const asset = await publish([urlFile(stack.files.offer('/readings.csv', readings))]);
  const [info] = await ocean.lib.ProviderInstance.checkDidFiles(asset.id, asset.services[0].id, stack.provider.url);
  assert.equal(info.valid, true);
  assert.equal(info.contentLength, String(readings.length));

  const buyer = await buyerOf(asset);
  const { transactionHash } = await order(asset, buyer);
  const asked = stack.files.asked('/readings.csv').length;
  const { bytes, filename } = await download(asset, transactionHash, buyer);
  assert.ok(bytes.equals(readings));
  assert.equal(filename, 'readings.csv');
  assert.deepEqual(stack.files.requests.slice(-1).map(({ method }) => method), ['GET']);
  assert.equal(stack.files.asked('/readings.csv').length, asked + 1, 'the origin is asked once');
});

test('a document on the chain that is not encrypted is sold as well', async () => {
  const asset = await publish([urlFile(stack.files.offer('/plain.csv', readings))], { encryptDdo: false });
  const buyer = await buyerOf(asset);
  const { transactionHash } = await order(asset, buyer);
  assert.ok((await download(asset, transactionHash, buyer)).bytes.equals(readings));
});

test('what a file looks like is told before it is published', async () => {
  const url = stack.files.offer('/look.csv', readings, { headers: { 'Content-Type': 'text/csv; charset=utf-8' } });
  const [info] = await ocean.lib.ProviderInstance.getFileInfo(urlFile(url), stack.provider.url, true);
  assert.equal(info.valid, true);
  assert.equal(info.contentType, 'text/csv');
  assert.equal(info.contentLength, String(readings.length));
  assert.equal(info.checksumType, 'sha256');
  const [dead] = await ocean.lib.ProviderInstance.getFileInfo(urlFile(`${stack.files.url}/nothing-here`), stack.provider.url);
  assert.equal(dead.valid, false);
});

test('a free asset of template 1 is dispensed, ordered and downloaded with the order helper', async () => {
  const asset = await publish([urlFile(stack.files.offer('/free.csv', readings))], { price: '0' });
  const buyer = ocean.signer(await stack.chain.newWallet());
  const sent = await ocean.lib.orderAsset(asset, buyer, ocean.config, new ocean.lib.Datatoken(buyer, 8996), stack.provider.url);
  const { transactionHash } = await sent.wait();
  assert.ok((await download(asset, transactionHash, buyer)).bytes.equals(readings));
});

test('a free asset of template 2 is dispensed and ordered in one transaction', async () => {
  const asset = await publish([urlFile(stack.files.offer('/free2.csv', readings))], { price: '0', template: 2 });
  const buyer = ocean.signer(await stack.chain.newWallet());
  const sent = await ocean.lib.orderAsset(asset, buyer, ocean.config, new ocean.lib.Datatoken(buyer, 8996), stack.provider.url);
  const { transactionHash } = await sent.wait();
  assert.ok((await download(asset, transactionHash, buyer)).bytes.equals(readings));
});

test('an asset of template 2 with a price is bought with Ocean tokens and ordered in one transaction', async () => {
  const asset = await publish([urlFile(stack.files.offer('/priced.csv', readings))], { price: '2', template: 2 });
  const wallet = await stack.chain.newWallet();
  await giveOcean(wallet.address);
  const buyer = ocean.signer(wallet);
  const sent = await ocean.lib.orderAsset(asset, buyer, ocean.config, new ocean.lib.Datatoken(buyer, 8996), stack.provider.url);
  const { transactionHash } = await sent.wait();
  assert.ok((await download(asset, transactionHash, buyer)).bytes.equals(readings));
});

test('an asset of template 1 with a price is paid by one and downloaded by another', async () => {
  const asset = await publish([urlFile(stack.files.offer('/gift.csv', readings))], { price: '2' });
  // The helper that published it lets nobody but the publisher buy.
  await giveOcean(await publisher.getAddress());
  const consumer = ocean.signer(await stack.chain.newWallet());
  const sent = await ocean.lib.orderAsset(
    asset, publisher, ocean.config, new ocean.lib.Datatoken(publisher, 8996), stack.provider.url, await consumer.getAddress(),
  );
  const { transactionHash } = await sent.wait();
  for (const one of [consumer, publisher]) assert.ok((await download(asset, transactionHash, one)).bytes.equals(readings));
});

test('several files are one asset, and each is downloaded by its number', async () => {
  const asset = await publish([urlFile(stack.files.offer('/one.txt', 'the first')), urlFile(stack.files.offer('/two.txt', 'the second'))]);
  const buyer = await buyerOf(asset);
  const { transactionHash } = await order(asset, buyer);
  assert.equal((await download(asset, transactionHash, buyer, { fileIndex: 1 })).bytes.toString(), 'the second');
  assert.equal((await download(asset, transactionHash, buyer, { fileIndex: 0 })).bytes.toString(), 'the first');
  await assert.rejects(download(asset, transactionHash, buyer, { fileIndex: 2 }));
});

test("a file's headers go to its origin, and the buyer's userdata too", async () => {
  const url = stack.files.offer('/keyed.csv', readings);
  const asset = await publish([urlFile(url, { headers: { 'X-Api-Key': 'planted-key' } })]);
  const buyer = await buyerOf(asset);
  const { transactionHash } = await order(asset, buyer);
  const { bytes } = await download(asset, transactionHash, buyer, { userdata: { field: 'north' } });
  assert.ok(bytes.equals(readings));
  const request = stack.files.asked('/keyed.csv', 'GET').at(-1);
  assert.equal(request.headers['x-api-key'], 'planted-key');
  assert.equal(new URL(request.path, url).searchParams.get('field'), 'north');
});

test('an order is reused, and the new transaction opens the download too', async () => {
  const asset = await publish([urlFile(stack.files.offer('/again.csv', readings))]);
  const buyer = await buyerOf(asset);
  const { transactionHash } = await order(asset, buyer);
  const service = asset.services[0];
  const consumer = await buyer.getAddress();
  const { providerFee } = await ocean.lib.ProviderInstance.initialize(asset.id, service.id, 0, consumer, stack.provider.url);
  const reused = await (await new ocean.lib.Datatoken(buyer, 8996).reuseOrder(service.datatokenAddress, transactionHash, providerFee)).wait();
  assert.ok((await download(asset, reused.transactionHash, buyer)).bytes.equals(readings));

  const quote = await stack.provider.get('initialize', {
    documentId: asset.id, serviceId: service.id, consumerAddress: consumer, transferTxId: reused.transactionHash,
  });
  assert.deepEqual(await quote.json(), { validOrder: transactionHash });
});

test('a token opens downloads until it is deleted', async () => {
  const asset = await publish([urlFile(stack.files.offer('/token.csv', readings))]);
  const buyer = await buyerOf(asset);
  const { transactionHash } = await order(asset, buyer);
  const address = await buyer.getAddress();
  const { ProviderInstance } = ocean.lib;
  const nextNonce = async () => String((await ProviderInstance.getNonce(stack.provider.url, address)) + 1);
  const signed = async () => {
    const nonce = await nextNonce();
    return { address, nonce, signature: await ProviderInstance.signProviderRequest(buyer, address + nonce) };
  };
  const downloadWith = async (token) =>
    stack.provider.get(
      'download',
      { documentId: asset.id, serviceId: asset.services[0].id, fileIndex: 0, transferTxId: transactionHash, consumerAddress: address, nonce: await nextNonce() },
      { headers: { AuthToken: token } },
    );

  const expiration = Math.floor(Date.now() / 1000) + 3600;
  const created = await stack.provider.get('createAuthToken', { ...(await signed()), expiration });
  const { token } = await created.json();
  const opened = await downloadWith(token);
  assert.equal(opened.status, 200);
  assert.ok(Buffer.from(await opened.arrayBuffer()).equals(readings));

  const deleted = await stack.provider.get('deleteAuthToken', { ...(await signed()), token }, { method: 'DELETE' });
  assert.deepEqual(await deleted.json(), { success: 'Token has been deactivated.' });
  assert.equal((await downloadWith(token)).status, 400);
  const again = await stack.provider.get('createAuthToken', { ...(await signed()), expiration });
  assert.notEqual((await again.json()).token, token, 'the deleted token does not come back');
  assert.equal((await downloadWith(token)).status, 400);
});

test('ocean.js 3.1.3 downloads 20 times in a row from one wallet', async () => {
  const asset = await publish([urlFile(stack.files.offer('/twenty.csv', readings))]);
  const buyer = await buyerOf(asset);
  const { transactionHash } = await order(asset, buyer);
  const old = oceanJs('ocean-js-3-1', stack);
  const wallet = old.signer({ privateKey: buyer.privateKey });
  const seen = new Set();
  for (let round = 1; round <= 20; round += 1) {
    const { bytes, url } = await download(asset, transactionHash, wallet, { client: old });
    assert.ok(bytes.equals(readings), `download ${round}`);
    seen.add(new URL(url).searchParams.get('nonce'));
  }
  assert.equal(seen.size, 20);
  assert.ok([...seen].every((nonce) => nonce.length < 6), `the nonces count: ${[...seen]}`);
});

for (const [version, name] of [['4.3.7', 'ocean-js-4'], ['5.1.3', 'ocean-js-5']]) {
  test(`ocean.js ${version} encrypts, and downloads by signature and by token`, async () => {
    const asset = await publish([urlFile(stack.files.offer(`/${name}.csv`, readings))]);
    const buyer = await buyerOf(asset);
    const { transactionHash } = await order(asset, buyer);
    const client = { ...oceanJs(name, stack), policy: true };
    const wallet = client.signer({ privateKey: buyer.privateKey });
    const { ProviderInstance } = client.lib;
    const encrypt = version < '5' ? [] : [wallet];
    assert.match(await ProviderInstance.encrypt({ some: 'document' }, 8996, stack.provider.url, ...encrypt), /^0x[0-9a-f]+$/);
    assert.ok((await download(asset, transactionHash, wallet, { client })).bytes.equals(readings));

    const token = await ProviderInstance.generateAuthToken(wallet, stack.provider.url);
    const url = await ProviderInstance.getDownloadUrl(asset.id, asset.services[0].id, 0, transactionHash, stack.provider.url, token);
    const opened = await fetch(url, { headers: { Authorization: token } });
    assert.equal(opened.status, 200, `${url.replace(token, 'TOKEN')}: ${opened.status}`);
    assert.ok(Buffer.from(await opened.arrayBuffer()).equals(readings));
    assert.deepEqual(await ProviderInstance.invalidateAuthToken(wallet, token, stack.provider.url), { success: true });
    assert.equal((await fetch(url, { headers: { Authorization: token } })).status, 400);
    client.close();
  });
}
