// Files of an S3 server, by URLs that a real client signed; results that the library of Standard Webhooks takes.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { Workshop } from '../../bench/lib/workshop.mjs';
import { tidegateBinary } from '../lib/binary.mjs';
import { closed, listen } from '../lib/listen.mjs';
import { Provider } from '../lib/provider.mjs';
import { ObjectStore, verified } from '../lib/s3.mjs';

let app;
let key;
let messages;
let server;
let store;
let url;
let workshop;

before(async () => {
  workshop = new Workshop(undefined, 'tidegate-e2e-');
  store = await ObjectStore.start(workshop.path('bucket'));
  server = await Provider.start(workshop, tidegateBinary(), {
    TIDEGATE_PULL_ALLOW_NON_PUBLIC_IP: 'true',
    TIDEGATE_WEBHOOKS_ALLOW_NON_PUBLIC_IP: 'true',
  });
  key = (await server.account('ann@example.org')).keys.TIDEGATE_API_KEY;
  app = createServer((request, response) => answer(request, response).catch((error) => response.destroy(error)));
  url = await listen(app);
});
after(async () => {
  if (app) await closed(app);
  await store?.stop();
  await workshop?.clear();
});

/** The application: tells URLs of objects, and takes messages. */
async function answer(request, response) {
  if (request.method === 'POST') {
    const pieces = [];
    for await (const piece of request) pieces.push(piece);
    messages(request.url, { body: Buffer.concat(pieces), headers: request.headers });
    response.end();
    return;
  }
  const { searchParams } = new URL(request.url, url);
  const presignedURL = await store.sign(searchParams.get('key'), Number(searchParams.get('for')));
  response.setHeader('Content-Type', 'application/json').end(JSON.stringify({ presignedURL }));
}

/** The next message, and the path it came to. */
function nextMessage() {
  return new Promise((resolve) => {
    messages = (path, message) => resolve({ path, message });
  });
}

async function call(method, path, body) {
  const headers = { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' };
  const response = await fetch(`${server.url}${path}`, { method, headers, body: body && JSON.stringify(body) });
  assert.ok(response.ok, `${method} ${path}: ${response.status} ${await response.clone().text()}`);
  return response.json();
}

test('an object is pinned by a presigned URL, and the application is told', async () => {
  const bytes = randomBytes(5_000_000);
  await store.put('soil/2026 säule.bin', bytes);
  const told = nextMessage();
  const endpoint = `${url}/sign?key=${encodeURIComponent('soil/2026 säule.bin')}&for=60`;
  const { JobId } = await call('POST', '/pinning/pinFromS3', { presignedURLRequestEndpoint: endpoint, pinResultCallbackEndpoint: `${url}/pinned` });
  const { path, message } = await told;
  const { secret } = await call('GET', '/api/v1/webhooks/callbacks/secret');
  const result = verified(secret, message);
  assert.deepEqual([path, result.jobId, result.success], ['/pinned', JobId, true]);
  const served = await fetch(`${server.url}/ipfs/${result.pinHash}`);
  assert.ok(Buffer.from(await served.arrayBuffer()).equals(bytes));
});

test('a URL that has expired is not taken by the store, and the job waits for another', async () => {
  await store.put('late', randomBytes(10));
  // Signed for no time at all.
  const { JobId } = await call('POST', '/pinning/pinFromS3', { presignedURLRequestEndpoint: `${url}/sign?key=late&for=-1` });
  for (;;) {
    const { pin, info } = await call('GET', `/psa/pins/${JobId}`);
    assert.equal(pin.cid, 'bafkqaaa');
    if (info?.reason) {
      assert.equal(info.reason, "the file's server answered with status 403");
      break;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
});

test('a webhook is told of it, signed with its own secret', async () => {
  const { secret } = await call('POST', '/api/v1/webhooks', { url: `${url}/told`, events: ['pin.pinned'] });
  await store.put('tide', Buffer.from('high'));
  const told = nextMessage();
  await call('POST', '/pinning/pinFromS3', { presignedURLRequestEndpoint: `${url}/sign?key=tide&for=60` });
  const { path, message } = await told;
  const { type, data } = verified(secret, message);
  assert.deepEqual([path, type, data.source, data.size], ['/told', 'pin.pinned', 'pin_from_s3', 4]);
  assert.throws(() => verified(secret, { ...message, body: Buffer.from(`${message.body} `) }));
});

test('no signature of a URL is in the log', () => {
  assert.ok(!server.logged().includes('X-Amz-Signature'));
});
