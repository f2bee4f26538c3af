// Uploads that go on where they were, with a server that has every fault.

import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { create, token, utils } from '@tidegate/sdk';
import { generated, vectors } from '../lib/content.mjs';
import { json } from '../lib/listen.mjs';
import { receive, startTusServer } from '../lib/tus-server.mjs';

const CONTENT = generated(11, 1000);
const [{ privateKey }] = vectors('cid-signatures').keys;
let server;
before(async () => {
  server = await startTusServer();
});
after(() => server?.stop());
beforeEach(() => {
  token.clearToken();
  Object.assign(server, { requests: [], faults: {}, tokens: 0, version: '1.0.0' });
  server.uploads.clear();
});

test('large content goes in parts, with its CID and signature ahead', async () => {
  const seen = [];
  const file = new File([CONTENT], 'north.csv');
  const pinned = await client().pinFile(file, { name: 'North', visibility: 'private', onProgress: (fraction, { phase }) => seen.push([phase, fraction]) });
  const [upload] = server.uploads.values();
  const cid = await utils.getFileHash(CONTENT);
  assert.deepEqual(pinned, { PinHash: cid, PinSize: 1000, PinDate: '2026-11-22T00:00:00.000Z', Visibility: 'private' });
  assert.ok(upload.content.equals(CONTENT));
  assert.deepEqual(upload.metadata, { cid, secret: utils.signCid(privateKey, cid), filename: 'north.csv', name: 'North', visibility: 'private' });
  assert.deepEqual(server.requests, ['POST', 'PATCH 0', 'PATCH 400', 'PATCH 800', 'GET']);
  assert.deepEqual(seen.at(-1), ['uploading', 1]);
  assert.ok(seen.every(([phase, fraction], at) => at === 0 || seen[at - 1][0] !== phase || fraction >= seen[at - 1][1]), 'it never goes back');
});

test('content that is not large goes at once', async () => {
  server.faults.POST = [(_, response) => json(response, 200, { PinHash: 'at once' })];
  assert.equal((await client({ resumableFrom: 1001 }).pinFile(CONTENT)).PinHash, 'at once');
  server.faults.POST = [(_, response) => json(response, 200, { PinHash: 'at once' })];
  assert.equal((await client({ resumableFrom: false }).pinFile(CONTENT)).PinHash, 'at once');
});

test('a server without such uploads gets a form', async () => {
  for (const version of ['', '0.2.2']) {
    server.version = version;
    server.faults.POST = [(_, response) => json(response, 200, { PinHash: 'form' })];
    assert.equal((await client().pinFile(CONTENT)).PinHash, 'form');
  }
});

test('a CID that is known is not computed again', async () => {
  const cid = await utils.getFileHash(CONTENT);
  const phases = new Set();
  const { PinHash } = await client().pinFile(CONTENT, { cid, onProgress: (_, { phase }) => phases.add(phase) });
  assert.deepEqual([PinHash, [...phases]], [cid, ['uploading']]);
});

test('a connection that breaks in the middle costs what was not kept', async () => {
  const breakOff = async (request, _, upload) => {
    await receive(upload, request, 150);
    request.socket.destroy();
  };
  server.faults.PATCH = [breakOff, breakOff];
  await client().pinFile(CONTENT);
  assert.ok([...server.uploads.values()][0].content.equals(CONTENT));
  assert.deepEqual(server.requests, ['POST', 'PATCH 0', 'HEAD', 'PATCH 150', 'HEAD', 'PATCH 300', 'PATCH 700', 'GET']);
});

test('a lost answer to the last part is asked for again', async () => {
  server.faults.PATCH = [undefined, undefined, async (request, _, upload) => {
    await receive(upload, request);
    request.socket.destroy();
  }];
  await client().pinFile(CONTENT);
  assert.deepEqual(server.requests.slice(-4), ['PATCH 800', 'HEAD', 'PATCH 1000', 'GET']);
});

test('a busy server is waited for, another offset believed, and a part that was kept in part continued', async () => {
  server.faults.PATCH = [
    (request, response) => request.resume().on('end', () => json(response, 503, { error: {} }, { 'Retry-After': '0' })),
    (request, response) => request.resume().on('end', () => json(response, 409, { error: {} })),
    (request, response) => request.resume().on('end', () => json(response, 423, { error: {} })),
    async (request, response, upload) => {
      await receive(upload, request, 10);
      response.writeHead(204, { 'Upload-Offset': '10' }).end();
    },
  ];
  server.faults.HEAD = [(_, response) => response.writeHead(503, { 'Retry-After': '0' }).end()];
  await client().pinFile(CONTENT);
  assert.ok([...server.uploads.values()][0].content.equals(CONTENT));
});

test('another program run goes on where the first was cut off, with every kind of store', async () => {
  const values = new Map();
  const web = { getItem: (key) => values.get(key) ?? null, setItem: (key, value) => values.set(key, value), removeItem: (key) => values.delete(key) };
  for (const storage of [new Map(), web]) {
    server.uploads.clear();
    server.requests = [];
    const controller = new AbortController();
    server.faults.PATCH = [undefined, () => controller.abort(new Error('the page was closed'))];
    await assert.rejects(client({ storage }).pinFile(CONTENT, { signal: controller.signal }), { message: 'the page was closed' });
    await client({ storage }).pinFile(CONTENT);
    assert.deepEqual(server.requests, ['POST', 'PATCH 0', 'PATCH 400', 'HEAD', 'PATCH 400', 'PATCH 800', 'GET']);
    assert.equal(server.uploads.size, 1);
    assert.equal((storage === web ? values : storage).size, 0, 'what is done is forgotten');
  }
});

test('what the server has forgotten is begun anew, but not for ever', async () => {
  const storage = new Map();
  const controller = new AbortController();
  server.faults.PATCH = [() => controller.abort()];
  await assert.rejects(client({ storage }).pinFile(CONTENT, { signal: controller.signal }));
  server.uploads.clear();
  await client({ storage }).pinFile(CONTENT);
  assert.equal(server.uploads.size, 1);
  const gone = (request, response) => request.resume().on('end', () => json(response, 410, { error: { code: 'gone' } }));
  const unknown = (_, response) => json(response, 410, { error: { code: 'expired' } });
  Object.assign(server.faults, { PATCH: [gone, gone], GET: [unknown, unknown] });
  await assert.rejects(client().pinFile(CONTENT), { code: 'gone' });
});

test('content that is refused at its end is not sent again', async () => {
  const error = { code: 'mismatch', message: 'Content, CID and signature do not belong together.' };
  server.faults.PATCH = [(request, response) => request.resume().on('end', () => json(response, 410, { error: { code: 'failed', message: 'Over.' } }))];
  server.faults.GET = [(_, response) => json(response, 200, { state: 'failed', pin: null, error })];
  const storage = new Map();
  await assert.rejects(client({ storage }).pinFile(CONTENT), error);
  assert.equal(storage.size, 0);
  assert.deepEqual(server.requests, ['POST', 'PATCH 0', 'GET']);
});

test('a refusal is final, and a store that fails is no store', async () => {
  server.faults.PATCH = [(request, response) => request.resume().on('end', () => json(response, 400, { error: { code: 'mismatch', message: 'Not this CID.' } }))];
  await assert.rejects(client().pinFile(CONTENT), { status: 400, code: 'mismatch', message: 'Not this CID.' });
  const broken = { getItem: () => assert.fail('no store'), setItem: () => assert.fail('no store'), removeItem: () => assert.fail('no store') };
  await client({ storage: broken }).pinFile(CONTENT);
});

test('a token that ended on the way is replaced', async () => {
  server.faults.PATCH = [undefined, (request, response) => request.resume().on('end', () => json(response, 401, { error: {} }))];
  await client().pinFile(CONTENT);
  assert.equal(server.tokens, 2);
});

test('the token is not sent to another host', async () => {
  server.faults.POST = [(_, response) => response.writeHead(201, { Location: 'http://127.0.0.1:1/api/v1/uploads/1' }).end()];
  await assert.rejects(client().pinFile(CONTENT), { code: 'protocol' });
});

test('a folder goes as an archive, the same bytes in every order', async () => {
  const long = `folder/${'n'.repeat(120)}/ä.txt`;
  const folder = [{ path: 'folder/empty' }, { path: long, content: 'umlaut' }, { path: 'folder/a', content: generated(1, 512) }, { path: 'folder/link', symlink: 'a' }];
  await client().pinFile(folder);
  await client().pinFile([...folder].reverse());
  const [first, second] = server.uploads.values();
  assert.ok(first.content.equals(second.content));
  assert.equal(first.metadata.format, 'tar');
  assert.equal(first.metadata.cid, await utils.getFileHash(folder));
  const { execFileSync } = await import('node:child_process');
  const listed = execFileSync('tar', ['-tvf', '-'], { input: first.content, encoding: 'utf8', env: { PATH: process.env.PATH, LC_ALL: 'C.UTF-8' } });
  const lines = listed.trim().split('\n').map((line) => line.replace(/\s+\d{4}-\d\d-\d\d \d\d:\d\d/, '').replace(/\s+/g, ' '));
  assert.deepEqual(lines, [
    '-rw-r--r-- 0/0 512 folder/a',
    'drwxr-xr-x 0/0 0 folder/empty/',
    'lrw-r--r-- 0/0 0 folder/link -> a',
    `-rw-r--r-- 0/0 6 ${long}`,
  ]);
});

function client(more = {}) {
  return create({ url: server.url, jwt: 'key', privateKey, resumableFrom: 1, chunkSize: 400, retryDelay: 1, ...more });
}
