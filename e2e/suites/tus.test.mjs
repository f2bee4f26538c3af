// Resumable uploads with the client that most web applications use, also over the death of the server.

import assert from 'node:assert/strict';
import { constants, createHash, createPrivateKey, privateEncrypt, randomBytes } from 'node:crypto';
import { createReadStream, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { Workshop } from '../../bench/lib/workshop.mjs';
import { tidegateBinary } from '../lib/binary.mjs';
import { Provider } from '../lib/provider.mjs';
import { installed } from '../lib/packages.mjs';

const SIZE = 24 << 20;

let account;
let server;
let tus;
let workshop;

before(async () => {
  workshop = new Workshop(undefined, 'tidegate-e2e-');
  server = await Provider.start(workshop, tidegateBinary(), {});
  account = await server.account('ann@example.org');
  tus = installed('tus', 'tus-js-client');
});
after(() => workshop?.clear());

/** New content in a file, its CID, and what the client is to say of it. */
async function prepare() {
  const path = workshop.path('content');
  const bytes = randomBytes(SIZE);
  writeFileSync(path, bytes);
  const { cid } = await server.command(['cid', path]);
  const der = Buffer.from(account.keys.TIDEGATE_RSA_PRIVATE_KEY, 'base64');
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const secret = privateEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, Buffer.from(cid)).toString('base64');
  return { path, bytes, cid, metadata: { filename: 'content.bin', cid, secret } };
}

/** Uploads with the client's own defaults but for `options`; gives the upload when it is done. */
function upload({ path, metadata }, options = {}) {
  return new Promise((resolve, reject) => {
    const started = new tus.Upload(createReadStream(path), {
      endpoint: `${server.url}/api/v1/uploads`,
      uploadSize: SIZE,
      chunkSize: 4 << 20,
      retryDelays: [100, 500, 1000, 2000, 4000],
      headers: { Authorization: `Bearer ${account.keys.TIDEGATE_API_KEY}` },
      metadata,
      onError: reject,
      onSuccess: () => resolve(started),
      ...options,
      onProgress: (...progress) => options.onProgress?.(started, ...progress),
    });
    started.start();
  });
}

async function isServed({ cid, bytes }) {
  const answer = await fetch(`${server.url}/ipfs/${cid}`);
  assert.equal(answer.status, 200);
  const digest = (what) => createHash('sha256').update(what).digest('hex');
  assert.equal(digest(Buffer.from(await answer.arrayBuffer())), digest(bytes));
}

test('an upload in pieces is pinned when the client has done', async () => {
  const content = await prepare();
  const done = await upload(content);
  await isServed(content);
  const headers = { Authorization: `Bearer ${account.keys.TIDEGATE_API_KEY}` };
  const shown = await (await fetch(done.url, { headers })).json();
  assert.deepEqual([shown.state, shown.cid, shown.length], ['pinned', content.cid, SIZE]);
});

test('an upload goes on after the server was killed in its middle', async () => {
  const content = await prepare();
  let killed;
  await upload(content, {
    onProgress: (_, sent) => {
      if (killed || sent < SIZE / 2) return;
      killed = server.kill().then(() => server.start());
    },
  });
  assert.ok(killed, 'the server was killed');
  await killed;
  await isServed(content);
});

test('an upload that was given up goes on from where it was', async () => {
  const content = await prepare();
  let url;
  await new Promise((resolve) => {
    upload(content, {
      onProgress: (started, sent) => {
        if (url || sent < SIZE / 3) return;
        url = started.url;
        started.abort().then(resolve);
      },
    });
  });
  let first;
  await upload(content, {
    uploadUrl: url,
    onProgress: (_, sent) => {
      first ??= sent;
    },
  });
  assert.ok(first >= 4 << 20, `it began again at ${first}`);
  await isServed(content);
});

test('a wrong signature is refused before a byte is sent', async () => {
  const content = await prepare();
  content.metadata.secret = 'bm90aGluZw==';
  const error = await upload(content).catch((refused) => refused);
  assert.equal(error.originalResponse.getStatus(), 400);
  assert.equal(JSON.parse(error.originalResponse.getBody()).error.code, 'mismatch');
});
