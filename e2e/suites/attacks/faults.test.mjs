// Origins and chains that fail, documents that are not to be decrypted, and what must never be told: where content comes from,
// and every secret.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { sha256, toUtf8Bytes } from 'ethers';
import { Chain } from '../../lib/chain.mjs';
import { contractAt } from '../../lib/ocean.mjs';
import { FileServer } from '../../lib/file-server.mjs';
import { Market } from '../../lib/market.mjs';
import { urlFile } from '../../lib/ocean-js.mjs';
import { Proxy } from '../../lib/proxy.mjs';
import { delivered, refused } from '../../lib/refused.mjs';
import { signText } from '../../lib/signing.mjs';
import { Stack } from '../../lib/stack.mjs';

const TREASURE = randomBytes(200_000);
/** Planted where the server must know them and nobody else may. */
const PLANTED = { path: 'planted-path', query: 'planted-query', header: 'planted-header', location: 'planted-location', cookie: 'planted-cookie', file: 'planted-file' };
const told = [];
let stack;
let market;
let seller;
let rpc;
let rpcWorks = true;

before(async () => {
  stack = await Stack.start();
  rpc = await Proxy.start(() => (rpcWorks ? stack.chain.url : undefined));
  await stack.provider.stop();
  stack.provider = await stack.startProvider({ NETWORK_URL: rpc.url });
  remember(stack.provider);
  market = new Market(stack);
  seller = await stack.chain.newWallet();
});
after(async () => {
  await rpc?.stop();
  await stack?.stop();
});

test('what is bought and final stays open while the chain is away, and over a restart', async () => {
  const { asset, buyer, hash } = await sold('/lasting');
  await delivered(await market.download(asset, hash, buyer), TREASURE, 'with the chain');
  for (let block = 0; block < 64; block += 1) await stack.chain.rpc('evm_mine');
  await delivered(await market.download(asset, hash, buyer), TREASURE, 'when it is final');
  rpcWorks = false;
  try {
    await delivered(await market.download(asset, hash, buyer), TREASURE, 'without the chain');
    await stack.provider.stop();
    await stack.provider.start();
    await delivered(await market.download(asset, hash, buyer), TREASURE, 'without the chain, after a restart');
    const unknown = await market.download(asset, `0x${'12'.repeat(32)}`, buyer);
    assert.ok([400, 502, 503].includes(unknown.status), `an order that only the chain knows: ${unknown.status}`);
  } finally {
    rpcWorks = true;
  }
});

test('a file that breaks off at its origin breaks off at the buyer', async () => {
  const { asset, buyer, hash } = await sold('/broken', { cut: 150_000 });
  const answer = await market.download(asset, hash, buyer);
  assert.equal(answer.status, 200);
  await assert.rejects(answer.arrayBuffer());
});

test('a file that its origin has packed is not spoiled', async () => {
  const { asset, buyer, hash } = await sold('/packed', { headers: { 'Content-Encoding': 'gzip' }, ranges: false }, gzipSync(TREASURE));
  await delivered(await market.download(asset, hash, buyer), TREASURE);
});

test("an origin that is dead or says no is not the buyer's to know about", async () => {
  const dead = await FileServer.start();
  const gone = `${dead.url}/${PLANTED.path}`;
  await dead.stop();
  const urls = [gone, planted('/forbidden', { status: 403 }), planted('/missing', { status: 404 }), planted('/broken-server', { status: 500 })];
  const { asset, buyer, hash } = await soldFiles(urls.map((url) => urlFile(url)));
  for (const [fileIndex, url] of urls.entries()) {
    const answer = await market.download(asset, hash, buyer, { fileIndex });
    assert.ok([400, 404, 502].includes(answer.status), `${url}: ${answer.status} ${await answer.text()}`);
  }
});

test('an origin that redirects is asked with one request for each step', async () => {
  const to = planted('/moved', {}, TREASURE);
  const { asset, buyer, hash } = await soldFiles([urlFile(planted('/moving', { redirect: `${to}&location=${PLANTED.location}` }))]);
  stack.files.requests.length = 0;
  const answer = await market.download(asset, hash, buyer);
  assert.equal(answer.headers.get('content-disposition'), 'attachment;filename=moving.bin');
  await delivered(answer, TREASURE);
  assert.deepEqual(stack.files.requests.map(({ method, path }) => `${method} ${path.split('?')[0]}`), ['GET /planted-path/moving', 'GET /planted-path/moved']);
});

test("an origin's own headers stay with the server", async () => {
  const headers = { 'Set-Cookie': PLANTED.cookie, 'X-Amz-Request-Id': PLANTED.file, 'X-Ipfs-Path': `/ipfs/${PLANTED.file}`, Location: PLANTED.location, Server: PLANTED.file };
  const { asset, buyer, hash } = await sold('/talkative', { headers });
  await delivered(await market.download(asset, hash, buyer), TREASURE);
});

test('a part of a file is delivered as a part', async () => {
  const { asset, buyer, hash } = await sold('/parts');
  const answer = await stack.provider.get('download', market.downloadOf(asset, hash, buyer), { headers: { Range: 'bytes=1000-1999' } });
  assert.equal(answer.status, 206);
  assert.equal(answer.headers.get('content-range'), `bytes 1000-1999/${TREASURE.length}`);
  assert.ok(Buffer.from(await answer.arrayBuffer()).equals(TREASURE.subarray(1000, 2000)));
});

test('a download that broke off is resumed by its ticket, without another signature', async () => {
  const { asset, buyer, hash } = await sold('/resumed');
  const answer = await market.download(asset, hash, buyer);
  const resume = new URL(answer.headers.get('content-location'), stack.provider.url);
  await answer.body.cancel();
  const rest = await fetch(resume, { headers: { Range: 'bytes=150000-' } });
  assert.equal(rest.status, 206);
  assert.ok(Buffer.from(await rest.arrayBuffer()).equals(TREASURE.subarray(150_000)));
  const changed = new URL(resume);
  changed.searchParams.set('ticket', `${resume.searchParams.get('ticket').slice(0, -4)}AAAA`);
  await refused(await fetch(changed), undefined, 'a ticket that was changed');
});

test('HEAD tells what a download would be, and uses no nonce', async () => {
  const { asset, buyer, hash } = await sold('/head');
  const request = market.downloadOf(asset, hash, buyer);
  for (let round = 0; round < 2; round += 1) {
    const head = await stack.provider.get('download', request, { method: 'HEAD' });
    assert.equal(head.status, 200);
    assert.equal(head.headers.get('content-length'), String(TREASURE.length));
  }
  await delivered(await stack.provider.get('download', request), TREASURE);
});

test('a document is decrypted for whoever may, once for each signature, and by its transaction', async () => {
  const reader = stack.cache.wallet;
  const document = JSON.stringify({ id: 'a document' });
  const sealed = await market.encrypt({ id: 'a document' });
  const { tx, nft } = await published(sealed, document);
  const ask = (given = {}, signer = reader) => {
    const nonce = market.nextNonce();
    const { address } = signer;
    const signature = signText(signer, `${given.transactionId ?? tx}${address}8996${nonce}`);
    return { transactionId: tx, dataNftAddress: nft, chainId: 8996, decrypterAddress: address, nonce, signature, ...given };
  };
  const request = ask();
  const answer = await stack.provider.post('decrypt', request);
  assert.equal(answer.status, 201);
  assert.equal(await answer.text(), document);
  await refused(await stack.provider.post('decrypt', request), /nonce/i, 'the same again');
  await refused(await stack.provider.post('decrypt', ask({ transactionId: `0x${'34'.repeat(32)}` })), /Failed to process transaction id/);
  await refused(await stack.provider.post('decrypt', ask({ chainId: 1 })), undefined, 'another chain');
  await refused(await stack.provider.post('decrypt', ask({ dataNftAddress: stack.addresses.Ocean })), undefined, 'another contract');

  const choosy = await stack.startProvider({ AUTHORIZED_DECRYPTERS: JSON.stringify([reader.address]) });
  const stranger = await stack.chain.newWallet();
  const turnedAway = await choosy.post('decrypt', ask({}, stranger));
  assert.equal(turnedAway.status, 403);
  assert.equal((await choosy.post('decrypt', ask())).status, 201);
  await choosy.stop();
});

test('nothing that was planted has been told to anybody, or written to the log', async () => {
  const metrics = await (await fetch(`${stack.provider.url}/metrics`)).text();
  const places = { 'an answer': told.join('\n'), 'the log': stack.provider.logged(), 'the metrics': metrics };
  const secrets = { ...PLANTED, key: stack.key.slice(2), origin: new URL(stack.files.url).host, rpc: new URL(rpc.url).host };
  assert.ok(told.length > 20, 'answers have been kept');
  for (const [where, text] of Object.entries(places)) {
    for (const [what, secret] of Object.entries(secrets)) assert.ok(!text.includes(secret), `${where} holds the ${what}`);
  }
});

/** A URL with a secret in its path and one in its query. */
function planted(path, options, bytes) {
  return `${stack.files.offer(`/${PLANTED.path}${path}`, bytes, options)}?key=${PLANTED.query}`;
}

/** An asset with one file there, and somebody who has bought it. */
function sold(path, options, bytes = TREASURE) {
  return soldFiles([urlFile(planted(path, options, bytes), { headers: { 'X-Api-Key': PLANTED.header } })]);
}

async function soldFiles(files) {
  const asset = await market.publish(seller, files);
  const buyer = await stack.chain.newWallet();
  const { hash } = await market.order(asset, buyer);
  return { asset, buyer, hash };
}

/** A new data NFT whose document is `sealed`; its hash is that of `document`. */
async function published(sealed, document) {
  const asset = await market.publish(seller, []);
  const nft = contractAt('ERC721Template', asset.nft, seller);
  const { hash } = await Chain.done(nft.setMetaData(0, stack.provider.url, '0x', '0x02', sealed, sha256(toUtf8Bytes(document)), []));
  return { tx: hash, nft: asset.nft };
}

/** Keeps a copy of everything that a server answers from now on: status, headers and, where it is text, the body. */
function remember(provider) {
  for (const way of ['get', 'post']) {
    const ask = provider[way].bind(provider);
    provider[way] = async (...args) => {
      const answer = await ask(...args);
      const body = answer.headers.get('content-type')?.includes('json') ? await answer.clone().text() : '';
      told.push(`${answer.status} ${JSON.stringify([...answer.headers])} ${body}`);
      return answer;
    };
  }
}
