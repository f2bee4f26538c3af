// A page pins 2 GiB, and holds next to nothing of it.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startBrowser } from '../lib/browser.mjs';
import { startServer } from '../lib/server.mjs';

const GIB = 1 << 30;
/** What the page's process may grow by, in MiB: a hundredth of the file would be 20, buffers and garbage that waits are some more. */
const GROWTH = 160;

let server;
let browser;
before(async () => {
  server = await startServer();
  browser = await startBrowser();
});
after(() => Promise.all([server?.stop(), browser?.stop()]));

test('memory stays flat while 2 GiB are hashed and sent', async () => {
  const page = await browser.page();
  // One piece that all chunks share, each behind a number of its own: nowhere are there 2 GiB, and no two chunks are alike.
  await page.evaluate((size) => {
    const [chunk, head] = [1 << 18, 8];
    const shared = new Blob([new Uint8Array(chunk - head).map((_, at) => at * 31)]);
    globalThis.file = new File(Array.from({ length: size / chunk }, (_, at) => [new Float64Array([at]), shared]).flat(), 'large.bin');
  }, 2 * GIB);
  const before = await browser.memory(page);
  await page.evaluate((options) => {
    globalThis.progress = { phase: '', loaded: 0 };
    const onProgress = (_, progress) => (globalThis.progress = progress);
    globalThis.pinned = sdk.create(options).pinFile(file, { onProgress }).catch((error) => ({ error: String(error) }));
    globalThis.pinned.then((result) => (globalThis.result = result));
  }, server.options());
  const seen = [];
  const heap = [];
  let result;
  while (!result) {
    seen.push(await browser.memory(page));
    const now = await page.evaluate(() => ({ result: globalThis.result, used: performance.memory.usedJSHeapSize }));
    heap.push(now.used);
    result = now.result;
    if (!result) await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 250)));
  }
  const most = Math.max(...seen) - before;
  console.log(`the page's process grew by ${most.toFixed(0)} MiB at most, its heap was ${(Math.max(...heap) / 2 ** 20).toFixed(1)} MiB at most, in ${seen.length} looks`);
  assert.equal(result.error, undefined);
  assert.equal(result.PinSize, 2 * GIB);
  const tail = await fetch(`${server.url}/ipfs/${result.PinHash}`, { headers: { Range: `bytes=${2 * GIB - (1 << 18)}-${2 * GIB - (1 << 18) + 7}` } });
  assert.equal(new Float64Array(await tail.arrayBuffer())[0], (2 * GIB) / (1 << 18) - 1);
  assert.ok(seen.length >= 5, 'it was looked at while it went on');
  assert.ok(most < GROWTH, `the page grew by ${most} MiB`);
  await page.close();
});
