// Nonces, tokens and downloads, with a Provider that misbehaves. Real wallets, orders and chains are in e2e/suites/sdk.test.mjs.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { Access } from '@tidegate/sdk';
import { saveTo } from '@tidegate/sdk/node';
import { nameIn } from '../../dist/access/disposition.js';
import { generated } from '../lib/content.mjs';
import { startProviderServer } from '../lib/provider-server.mjs';

const FILE = generated(12, 3_000_000);
const ADDRESS = '0x9fD6d4e9cd2F8F668d18E37B18B39FFe63Dac3bf';
const ORDER = { documentId: 'did:op:1', serviceId: 'readings', transferTxId: '0xabc' };
const folder = mkdtempSync(join(tmpdir(), 'tidegate-sdk-'));
/** What the wallet was asked to sign, as hexadecimal. */
let signed;
let server;
before(async () => {
  server = await startProviderServer(FILE);
});
after(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  signed = [];
  Object.assign(server, { file: FILE, etag: '"v1"', breaks: [], requests: [], last: 1n, headers: {}, refusals: [] });
});

test('nonces of any length are read exactly', async () => {
  for (const last of [1n, 2n ** 53n + 1n, 10n ** 38n - 1n]) {
    server.last = last;
    assert.equal(await buyer().nonce(), last);
  }
  assert.equal(server.requests[0].query.userAddress, ADDRESS);
  await buyer().nonce('0x1');
  assert.equal(server.requests.at(-1).query.userAddress, '0x1');
});

test('the message is the document and the nonce, hashed, and the nonce above the last and the clock', async () => {
  const before = Date.now();
  await text(await buyer().download(ORDER));
  const { query } = server.requests.at(-1);
  assert.ok(Number(query.nonce) >= before);
  assert.deepEqual([query.consumerAddress, query.documentId, query.serviceId, query.transferTxId, query.fileIndex], [ADDRESS, 'did:op:1', 'readings', '0xabc', '0']);
  assert.equal(query.signature, `signature of ${signed[0]}`);
  assert.equal(signed[0].length, 64);
  server.last = 10n ** 30n;
  await text(await buyer().download({ ...ORDER, fileIndex: 2, userdata: { year: 2024 } }));
  assert.equal(server.requests.at(-1).query.nonce, String(10n ** 30n + 1n));
  assert.equal(server.requests.at(-1).query.userdata, '{"year":2024}');
});

test('a browser’s wallet signs by personal_sign over the Keccak hash', async () => {
  const calls = [];
  const request = async ({ method, params }) => {
    calls.push([method, params]);
    return method === 'eth_requestAccounts' ? [ADDRESS.toLowerCase()] : '0xsigned';
  };
  server.last = 10n ** 30n;
  await new Access({ url: server.url, signer: { request } }).createAuthToken({ expiration: 1_900_000_000 });
  const [method, [hash, address]] = calls.at(-1);
  assert.deepEqual([method, address], ['personal_sign', ADDRESS.toLowerCase()]);
  assert.match(hash, /^0x[0-9a-f]{64}$/);
  const { query } = server.requests.at(-1);
  assert.deepEqual([query.signature, query.expiration, query.address], ['0xsigned', '1900000000', ADDRESS.toLowerCase()]);
});

test('a nonce that was used up elsewhere is replaced, and calls of one wallet go in order', async () => {
  const access = buyer();
  await access.createAuthToken({ expiration: new Date(2e12) });
  server.last = 10n ** 20n;
  assert.equal(await access.createAuthToken({ expiration: new Date(2e12) }), 'a token');
  const downloads = await Promise.all(Array.from({ length: 5 }, () => access.download(ORDER)));
  await Promise.all(downloads.map(text));
  const nonces = server.requests.filter(({ route }) => route === 'download').map(({ query }) => BigInt(query.nonce));
  assert.deepEqual(nonces, Array.from({ length: 5 }, (_, at) => 10n ** 20n + 2n + BigInt(at)));
});

test('a refusal does not block those who come after it', async () => {
  const access = buyer();
  server.refusals = [undefined, [400, { error: 'Provider Ganache: No such fileIndex 4' }]];
  const [refused, next] = await Promise.allSettled([access.download(ORDER), access.download(ORDER)]);
  assert.equal(refused.reason.message, 'Provider Ganache: No such fileIndex 4');
  assert.equal((await text(next.value)).length, FILE.length);
});

test('a token opens downloads without a signature, and is ended', async () => {
  const access = buyer();
  await text(await access.download({ ...ORDER, token: 'a token' }));
  const { headers, query } = server.requests.at(-1);
  assert.deepEqual([headers.authorization, query.nonce, query.signature, signed.length], ['a token', undefined, undefined, 0]);
  await access.deleteAuthToken('a token');
  assert.deepEqual([server.requests.at(-1).method, server.requests.at(-1).query.token], ['DELETE', 'a token']);
});

test('a quote is for whoever is named', async () => {
  await buyer().initialize({ documentId: 'did:op:1', serviceId: 's', validUntil: 7 });
  const quote = await new Access({ url: server.url }).initialize({ documentId: 'did:op:1', serviceId: 's', consumerAddress: '0x2' });
  assert.equal(quote.datatoken, '0x1');
  assert.deepEqual(server.requests.map(({ query }) => query.consumerAddress), [ADDRESS, '0x2']);
  await assert.rejects(new Access({ url: server.url }).nonce(), { code: 'configuration' });
});

test('a download that breaks goes on by its ticket, each byte once', async () => {
  server.breaks = [1_000_000, 0, 999_999];
  const seen = [];
  const download = await buyer().download({ ...ORDER, onProgress: (fraction) => seen.push(fraction) });
  assert.deepEqual([download.name, download.size, download.type, download.etag], ['soil.csv', FILE.length, 'text/csv', '"v1"']);
  assert.ok((await text(download)).equals(FILE));
  assert.equal(seen.at(-1), 1);
  assert.equal(signed.length, 1);
  const resumed = server.requests.filter(({ query }) => query.ticket);
  assert.ok(resumed.length >= 2);
  assert.deepEqual(Object.keys(resumed[0].query), ['ticket']);
  assert.equal(resumed[0].headers['if-range'], '"v1"');
});

test('a file that changed in between is not glued together', async () => {
  server.breaks = [1_000_000];
  const download = await buyer().download(ORDER);
  server.etag = '"v2"';
  await assert.rejects(text(download), { code: 'changed' });
  server.breaks = [1_000_000];
  const shorter = await buyer().download(ORDER);
  server.file = FILE.subarray(0, 2_000_000);
  await assert.rejects(text(shorter), { code: 'changed' });
});

test('a download that cannot go on is an error, never a short file', async () => {
  server.breaks = Array(9).fill(0);
  await assert.rejects(buyer({ retries: 3 }).download(ORDER).then(text), { code: 'network' });
  server.breaks = [1000];
  server.headers = { 'X-Tidegate-Resume': [] };
  await assert.rejects(buyer().download(ORDER).then(text), { code: 'network' });
  server.breaks = [1000];
  server.headers = {};
  const ended = await buyer().download(ORDER);
  server.refusals = [[400, { error: 'The ticket is expired.' }]];
  await assert.rejects(text(ended), { message: 'The ticket is expired.' });
});

test('a hash that is known is checked before the last bytes are given', async () => {
  const sha256 = createHash('sha256').update(FILE).digest('hex');
  assert.ok((await text(await buyer().download({ ...ORDER, sha256 }))).equals(FILE));
  const wrong = await buyer().download({ ...ORDER, sha256: sha256.replace(/^./, (digit) => (digit === '0' ? '1' : '0')) });
  let given = 0;
  await assert.rejects(async () => {
    for await (const bytes of wrong) given += bytes.length;
  }, { code: 'mismatch' });
  assert.ok(given < FILE.length);
});

test('a file is on the disk when it is whole, and else it is not there', async () => {
  const path = join(folder, 'soil.csv');
  server.breaks = [10];
  await saveTo(await buyer().download(ORDER), path);
  assert.ok(readFileSync(path).equals(FILE));
  server.breaks = [10, 0, 0];
  const other = join(folder, 'other.csv');
  await assert.rejects(saveTo(await buyer({ retries: 1 }).download(ORDER), other), { code: 'network' });
  assert.ok(!existsSync(other) && !existsSync(`${other}.part`));
});

test('a download stops when it is told to, is read once, and may be left', async () => {
  const controller = new AbortController();
  const download = await buyer().download({ ...ORDER, signal: controller.signal });
  await assert.rejects(async () => {
    for await (const _ of download) controller.abort(new Error('enough'));
  }, { message: 'enough' });
  await assert.rejects(text(download), TypeError);
  const left = await buyer().download(ORDER);
  await left.cancel();
  assert.equal((await (await buyer().download(ORDER)).blob()).type, 'text/csv');
});

test('names are read as servers write them, and lead nowhere', () => {
  for (const [header, name] of [
    ['attachment;filename=soil.csv', 'soil.csv'],
    ["attachment;filename=two_words.csv;filename*=UTF-8''two%20w%C3%B6rds.csv", 'two wörds.csv'],
    ['attachment; filename="a \\"b\\".csv"', 'a "b".csv'],
    ['attachment; filename="../../etc/passwd"', 'passwd'],
    ['attachment; filename="C:\\\\Windows\\\\x.exe"', 'x.exe'],
    ["attachment; filename*=UTF-8''%2e%2e", undefined],
    ["attachment; filename*=UTF-8''%zz; filename=a", 'a'],
    ['inline', undefined],
    [null, undefined],
  ]) {
    assert.equal(nameIn(header), name, header);
  }
});

function buyer(more = {}) {
  const signer = {
    getAddress: async () => ADDRESS,
    signMessage: async (hash) => {
      signed.push(Buffer.from(hash).toString('hex'));
      return `signature of ${signed.at(-1)}`;
    },
  };
  return new Access({ url: server.url, signer, retryDelay: 1, ...more });
}

async function text(download) {
  const pieces = [];
  for await (const piece of download) pieces.push(piece);
  return Buffer.concat(pieces);
}
