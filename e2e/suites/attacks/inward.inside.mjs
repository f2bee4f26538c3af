// Runs in the network that inward.test.mjs makes. A file server answers at every address there; what counts is at which it was asked.

import assert from 'node:assert/strict';
import { isIPv4 } from 'node:net';
import { after, before, beforeEach, test } from 'node:test';
import { FileServer } from '../../lib/file-server.mjs';
import { NameServer, PRIVATE, PUBLIC } from '../../lib/inside.mjs';
import { Market } from '../../lib/market.mjs';
import { urlFile } from '../../lib/ocean-js.mjs';
import { delivered } from '../../lib/refused.mjs';
import { Stack } from '../../lib/stack.mjs';

const TREASURE = 'what is sold';
const SECRET = 'what must stay inside';
const INWARDS = ['127.0.0.1', '::1', '::ffff:127.0.0.1', ...PRIVATE];
let stack;
let names;
let files;
let market;
let seller;
let buyer;

before(async () => {
  names = await NameServer.start();
  stack = await Stack.start({ settings: { ALLOW_NON_PUBLIC_IP: 'False' } });
  files = await FileServer.start({ everywhere: true });
  files.offer('/secret', SECRET);
  files.offer('/treasure', TREASURE);
  market = new Market(stack);
  [seller, buyer] = [await stack.chain.newWallet(), await stack.chain.newWallet()];
});
beforeEach(() => {
  files.requests.length = 0;
});
after(async () => {
  await files?.stop();
  await stack?.stop();
  names?.stop();
});

test('public addresses and names are fetched from', async () => {
  const name = names.say('data.example.com', [PUBLIC[0]]);
  const urls = [...PUBLIC, name].map((host) => at(host, '/treasure'));
  for (const url of urls) assert.equal(await valid(url), true, url);
  const { asset, hash } = await sold(urls);
  for (const [fileIndex, url] of urls.entries()) await delivered(await market.download(asset, hash, buyer, { fileIndex }), TREASURE, url);
});

test('private addresses are not', async () => {
  await nowhere(INWARDS.map((host) => at(host, '/secret')));
});

test('a redirect inwards is not followed, by address or by name', async () => {
  const name = names.say('inner.example.com', ['10.1.2.3']);
  const targets = [...INWARDS, 'localhost', name].map((host) => at(host, '/secret'));
  await nowhere(targets.map((redirect, index) => at(PUBLIC[0], redirecting(`/to-${index}`, { redirect }))));
});

test('nor is one that comes after others', async () => {
  files.offer('/last', '', { redirect: at('10.1.2.3', '/secret') });
  files.offer('/second', '', { redirect: at(PUBLIC[0], '/last') });
  await nowhere([at(PUBLIC[0], redirecting('/first', { redirect: at(PUBLIC[0], '/second') }))]);
});

test('five redirects are followed, and no sixth', async () => {
  files.offer('/hop-0', TREASURE);
  for (let hop = 1; hop <= 6; hop += 1) files.offer(`/hop-${hop}`, '', { redirect: at(PUBLIC[0], `/hop-${hop - 1}`) });
  assert.equal(await valid(at(PUBLIC[0], '/hop-5')), true);
  assert.equal(await valid(at(PUBLIC[0], '/hop-6')), false);
});

test('a name that is private is not asked', async () => {
  const hosts = PRIVATE.map((address, index) => names.say(`private-${index}.example.com`, [address]));
  await nowhere([...hosts, names.say('loop.example.com', ['127.0.0.1']), names.say('loop6.example.com', ['::1'])].map((host) => at(host, '/secret')));
});

test('a name that is public when it is checked and private afterwards leads to the public address or nowhere', async () => {
  const changing = [
    names.say('rebind-1.example.com', [PUBLIC[0]], ['127.0.0.1']),
    names.say('rebind-2.example.com', [PUBLIC[0]], [PUBLIC[0]], ['10.1.2.3']),
    names.say('rebind-3.example.com', [PUBLIC[0]], ['10.1.2.3'], [PUBLIC[0]], ['10.1.2.3'], [PUBLIC[0]], ['10.1.2.3']),
    names.say('both.example.com', [PUBLIC[0], '127.0.0.1', '10.1.2.3', 'fd00::1']),
    names.say('both-6.example.com', ['fd00::1', PUBLIC[1]]),
  ];
  const urls = changing.map((host) => at(host, '/secret'));
  for (const url of urls) for (let round = 0; round < 4; round += 1) await valid(url);
  const { asset, hash } = await sold(urls);
  for (const fileIndex of urls.keys()) for (let round = 0; round < 4; round += 1) await (await market.download(asset, hash, buyer, { fileIndex })).text();
  assert.deepEqual(askedInwards(), []);
});

/** The answer to a new asset with these files, bought. */
async function sold(urls) {
  const asset = await market.publish(seller, urls.map((url) => urlFile(url)));
  const { hash } = await market.order(asset, buyer);
  return { asset, hash };
}

/** Checks that neither fileinfo nor a download reaches inwards by these URLs. */
async function nowhere(urls) {
  for (const url of urls) assert.equal(await valid(url), false, url);
  const { asset, hash } = await sold(urls);
  for (const [fileIndex, url] of urls.entries()) {
    const answer = await market.download(asset, hash, buyer, { fileIndex });
    const text = await answer.text();
    assert.ok(answer.status >= 400 && answer.status !== 500, `${url}: ${answer.status}`);
    assert.ok(!text.includes(SECRET), url);
  }
  assert.deepEqual(askedInwards(), []);
}

async function valid(url) {
  const answer = await stack.provider.post('fileinfo', urlFile(url));
  const [info] = await answer.json();
  assert.equal(answer.status, 200, url);
  return info.valid;
}

function askedInwards() {
  const outside = new Set([PUBLIC[0], `::ffff:${PUBLIC[0]}`, PUBLIC[1]]);
  return files.requests.filter((request) => !outside.has(request.at)).map((request) => `${request.method} ${request.at}${request.path}`);
}

function redirecting(path, options) {
  files.offer(path, '', options);
  return path;
}

function at(host, path) {
  const { port } = new URL(files.url);
  return `http://${isIPv4(host) || !host.includes(':') ? host : `[${host}]`}:${port}${path}`;
}
