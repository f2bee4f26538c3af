// Pinning with the real server.

import assert from 'node:assert/strict';
import { createReadStream, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, before, test } from 'node:test';
import { create, listEndpoints, TidegateError, token, utils } from '@tidegate/sdk';
import { fromPath } from '@tidegate/sdk/node';
import { generated, inPieces, vectors } from '../lib/content.mjs';
import { startServer } from '../lib/server.mjs';

const MIB = 1 << 20;
const CONTENT = generated(9, 3 * MIB + 5);
let server;
before(async () => {
  server = await startServer();
});
after(() => server?.stop());

test('a program for Decoo’s SDK runs when its import is changed', async () => {
  const [endpoint] = await listEndpoints({ zone: 'cn', baseUrl: server.url, jwt: server.jwt });
  assert.equal(endpoint.apiHost, server.url);
  const client = create({ zone: 'cn', url: endpoint.apiHost, jwt: server.jwt, privateKey: server.privateKey });
  const fractions = [];
  const cancel = { token: { promise: new Promise(() => undefined) }, cancel: () => undefined };
  const pinned = await client.pinFile('Decoo, the Entrance to Web 3.0', (fraction) => fractions.push(fraction), cancel);
  assert.equal(pinned.PinHash, await utils.getFileHash('Decoo, the Entrance to Web 3.0'));
  assert.equal(pinned.PinSize, 30);
  assert.equal(fractions.at(-1), 1);
  const path = join(server.workshop.dir, 'name.txt');
  writeFileSync(path, CONTENT);
  fractions.length = 0;
  const stream = await client.pinFile(createReadStream(path), (fraction) => fractions.push(fraction));
  assert.equal(fractions.at(-1), 1);
  assert.equal((await client.pinList({ limit: 1 })).Pins[0].Metadata.name, 'name.txt');
  assert.equal(stream.PinHash, await utils.getFileHash(createReadStream(path)));
  assert.equal(typeof (await client.pinByHash(pinned.PinHash)).JobId, 'string');
});

test('every kind of content is pinned under its CID and comes back', async () => {
  const client = server.client();
  const path = join(server.workshop.dir, 'file.bin');
  writeFileSync(path, CONTENT);
  const forms = {
    bytes: CONTENT,
    blob: new Blob([CONTENT]),
    file: new File([CONTENT], 'file.bin'),
    'web stream': new Blob([CONTENT]).stream(),
    generator: inPieces(CONTENT),
    'Node stream': Readable.from(inPieces(CONTENT)),
    'part of a file': createReadStream(path, { start: 0, end: CONTENT.length - 1 }),
    path: await fromPath(path),
    entry: { path: 'entry.bin', content: CONTENT },
  };
  const cid = await utils.getFileHash(CONTENT);
  for (const [form, content] of Object.entries(forms)) {
    const pinned = await client.pinFile(content);
    assert.deepEqual([pinned.PinHash, pinned.PinSize], [cid, CONTENT.length], form);
  }
  assert.ok((await server.content(cid)).equals(CONTENT));
});

test('every profile is pinned, from memory and as a stream', async () => {
  for (const profile of ['unixfs-v0-2015', 'v1-raw-256k-174', 'unixfs-v1-2025']) {
    const cid = await utils.getFileHash(CONTENT, { profile });
    for (const content of [CONTENT, inPieces(CONTENT)]) {
      assert.equal((await server.client().pinFile(content, { profile })).PinHash, cid, profile);
    }
  }
});

test('a folder keeps its names, links and empty folders', async () => {
  const tree = vectors('cids').trees.find(({ name }) => name === 'unicode');
  const list = tree.entries.map(({ path, seed, size }) => ({ path, content: generated(seed, size) }));
  const { PinHash } = await server.client().pinFile(list);
  assert.equal(PinHash, tree.cids['unixfs-v0-2015'].cid);
  for (const { path, content } of list.slice(0, 8)) {
    assert.ok((await server.content(`${PinHash}/${path.split('/').map(encodeURIComponent).join('/')}`)).equals(content), path);
  }
  const percent = await server.client().pinFile([{ path: 'd/50%22 "of" it\\.txt', content: '1' }, { path: 'd/line\nbreak', content: '2' }]);
  assert.equal((await server.content(`${percent.PinHash}/${encodeURIComponent('50%22 "of" it\\.txt')}`)).toString(), '1');

  const folder = join(server.workshop.dir, 'site');
  mkdirSync(join(folder, 'empty'), { recursive: true });
  writeFileSync(join(folder, 'index.html'), 'hello');
  symlinkSync('index.html', join(folder, 'start'));
  const onDisk = await server.provider.command(['cid', folder]);
  assert.equal((await server.client().pinFile(await fromPath(folder))).PinHash, onDisk.cid);
  const streamed = [{ path: 'site/empty' }, { path: 'site/index.html', content: inPieces(Buffer.from('hello')) }, { path: 'site/start', symlink: 'index.html' }];
  assert.equal((await server.client().pinFile(streamed)).PinHash, onDisk.cid);
});

test('a folder around the content is made when it is wanted', async () => {
  const inside = { path: 'report.txt', content: 'a report' };
  for (const content of [inside, [inside], { ...inside, content: inPieces(Buffer.from('a report')) }]) {
    const { PinHash } = await server.client().pinFile(content, { wrapWithDirectory: true });
    assert.equal((await server.content(`${PinHash}/report.txt`)).toString(), 'a report');
  }
});

test('a pin has its name, and is private when it should be', async () => {
  const client = server.client();
  const secret = await client.pinFile('a secret', { name: 'Q3; "draft" ü', visibility: 'private' });
  assert.equal(secret.Visibility, 'private');
  assert.equal((await fetch(`${server.url}/ipfs/${secret.PinHash}`)).status, 404);
  const { Pins } = await client.pinList({ limit: 1 });
  assert.equal(Pins[0].Metadata.name, 'Q3; "draft" ü');
  const streamed = await client.pinFile(inPieces(Buffer.from('another')), { name: 'streamed', visibility: 'private' });
  assert.equal(streamed.Visibility, 'private');
});

test('lists are paged and filtered, and a pin is removed', async () => {
  const client = server.client();
  const { PinHash } = await client.pinFile('to be removed');
  const { Count, Pins } = await client.pinList({ limit: 2, sort: 'DESC' });
  assert.equal(Pins.length, 2);
  assert.ok(Count >= 2);
  assert.equal(Pins[0].PinHash, PinHash);
  const [second] = (await client.pinList({ limit: 1, offset: 1 })).Pins;
  assert.equal(second.Id, Pins[1].Id);
  assert.equal((await client.pinList({ startDate: new Date(Date.now() + 3_600_000) })).Count, 0);
  const jobs = await client.pinJobs({ pinHash: PinHash, status: 'pinned' });
  assert.deepEqual([jobs.Count, jobs.Jobs[0].Status], [1, 'pinned']);
  await client.unpin(PinHash);
  assert.equal((await client.pinList({ limit: 1 })).Pins[0].Id, Pins[1].Id);
  const { unpin } = client;
  await assert.rejects(unpin('not a CID'), { status: 400 });
});

test('what goes wrong is told by status, code and request', async () => {
  const key = await failure(server.client({ jwt: 'wrong' }).pinList());
  assert.ok(key instanceof TidegateError);
  assert.deepEqual([key.status, key.code, key.message], [401, 'unauthorized', 'Invalid token']);
  assert.match(key.requestId, /^[0-9a-f]{32}$/);
  const { keys } = await server.provider.account('bob@example.org');
  const stranger = server.client({ privateKey: keys.TIDEGATE_RSA_PRIVATE_KEY });
  assert.equal((await failure(stranger.pinFile(CONTENT))).code, 'bad_request');
  assert.equal((await failure(stranger.pinFile(inPieces(CONTENT)))).code, 'bad_request');
  assert.equal((await failure(server.client().pinList({ limit: 0 }))).status, 400);
  const nobody = create({ ...server.options({ retries: 0 }), url: 'http://127.0.0.1:1', baseUrl: 'http://127.0.0.1:1' });
  assert.equal((await failure(nobody.pinList())).code, 'network');
  assert.equal((await failure(create({}).pinList())).code, 'configuration');
  assert.equal((await failure(create(server.url).pinList())).code, 'configuration');
});

test('an upload stops when it is told to, and a token is got by itself', async () => {
  token.clearToken();
  const controller = new AbortController();
  const endless = async function* () {
    for (let piece = 0; ; piece += 1) {
      if (piece === 3) controller.abort(new Error('changed my mind'));
      yield new Uint8Array(MIB);
    }
  };
  await assert.rejects(server.client().pinFile(endless(), { signal: controller.signal }), { message: 'changed my mind' });
  await assert.rejects(server.client().pinFile(CONTENT, null, AbortSignal.abort(new Error('no'))), { message: 'no' });
  assert.match(await token.getToken({ baseUrl: server.url, jwt: server.jwt }), /^[^.]+\.[^.]+\.[^.]+$/);
});

function failure(promise) {
  return promise.then(
    () => assert.fail('it should have failed'),
    (error) => error,
  );
}
