// Node holds next to nothing of what it sends.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startServer } from '../lib/server.mjs';

const MIB = 1 << 20;
const SIZE = 400 * MIB;
/** What may be in buffers at any time, in bytes: some pieces, and garbage that waits. */
const MOST = 128 * MIB;

let server;
before(async () => {
  server = await startServer();
});
after(() => server?.stop());

for (const [kind, content] of [
  ['a stream', () => zeros(0, SIZE)],
  ['what can be read again', () => ({ size: SIZE, read: (start = 0, end = SIZE) => zeros(start, end) })],
]) {
  test(`buffers stay small while ${kind} of 400 MiB is sent`, async () => {
    let most = 0;
    const onProgress = () => (most = Math.max(most, process.memoryUsage().arrayBuffers));
    const { PinSize } = await server.client({ resumableFrom: false }).pinFile(content(), { onProgress });
    assert.equal(PinSize, SIZE);
    assert.ok(most > 0 && most < MOST, `${most} bytes in buffers`);
  });
}

async function* zeros(start, end) {
  for (let at = start; at < end; at += MIB) yield new Uint8Array(Math.min(MIB, end - at));
}
