// Resumable uploads with the real server.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { utils } from '@tidegate/sdk';
import { fromPath } from '@tidegate/sdk/node';
import { generated } from '../lib/content.mjs';
import { startServer } from '../lib/server.mjs';

const MIB = 1 << 20;
const CONTENT = generated(13, 5 * MIB + 1);
let server;
before(async () => {
  server = await startServer();
});
after(() => server?.stop());

test('large content of every kind is pinned in parts', async () => {
  const path = join(server.workshop.dir, 'large.bin');
  writeFileSync(path, CONTENT);
  const cid = await utils.getFileHash(CONTENT, { profile: 'unixfs-v1-2025' });
  for (const content of [CONTENT, new File([CONTENT], 'large.bin'), await fromPath(path)]) {
    const pinned = await client().pinFile(content, { profile: 'unixfs-v1-2025', name: 'Large', visibility: 'public' });
    assert.deepEqual([pinned.PinHash, pinned.PinSize, pinned.Visibility], [cid, CONTENT.length, 'public']);
    assert.match(pinned.PinDate, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  }
  assert.ok((await server.content(cid)).equals(CONTENT));
  assert.equal((await client().pinList({ limit: 1 })).Pins[0].Metadata.name, 'Large');
});

test('a large folder is pinned as an archive', async () => {
  const long = `season/${'north/'.repeat(30)}ä.bin`;
  const folder = [{ path: long, content: CONTENT }, { path: 'season/readme.txt', content: 'hello' }, { path: 'season/empty' }, { path: 'season/latest', symlink: 'readme.txt' }];
  const { PinHash } = await client().pinFile(folder);
  assert.equal(PinHash, await utils.getFileHash(folder));
  assert.ok((await server.content(`${PinHash}/${encodeURI(long.slice('season/'.length))}`)).equals(CONTENT));
  const wrapped = await client().pinFile([{ path: 'large.bin', content: CONTENT }], { wrapWithDirectory: true });
  assert.equal((await server.content(`${wrapped.PinHash}/large.bin`)).length, CONTENT.length);
});

test('it goes on over a kill of the server, and in another run of the program', async () => {
  const storage = new Map();
  const other = generated(14, 5 * MIB);
  const controller = new AbortController();
  const stopAt = (fraction, { phase }) => phase === 'uploading' && fraction > 0.5 && controller.abort(new Error('the program ends'));
  await assert.rejects(client({ storage }).pinFile(other, { signal: controller.signal, onProgress: stopAt }), { message: 'the program ends' });
  assert.equal(storage.size, 1);
  await server.provider.kill();
  await server.provider.start();
  const told = [];
  const { PinHash } = await client({ storage }).pinFile(other, { onProgress: (fraction, { phase }) => phase === 'uploading' && told.push(fraction) });
  assert.ok(told[0] >= 0.2, `it begins at ${told[0]}`);
  assert.equal(storage.size, 0);
  assert.ok((await server.content(PinHash)).equals(other));
});

test('what is not right is refused before a byte is sent', async () => {
  const { keys } = await server.provider.account('eve@example.org');
  const sent = [];
  const stranger = client({ privateKey: keys.TIDEGATE_RSA_PRIVATE_KEY });
  await assert.rejects(stranger.pinFile(CONTENT, { onProgress: (_, { phase }) => sent.push(phase) }), { status: 400, code: 'mismatch' });
  assert.ok(!sent.includes('uploading'));
});

function client(more = {}) {
  return server.client({ resumableFrom: MIB, chunkSize: MIB, ...more });
}
