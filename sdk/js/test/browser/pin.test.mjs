// Pinning from pages, with the real server on another origin.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { utils } from '@tidegate/sdk';
import { generated, vectors } from '../lib/content.mjs';
import { startBrowser } from '../lib/browser.mjs';
import { startServer } from '../lib/server.mjs';

const CONTENT = generated(21, 1_500_000);
let server;
let browser;
before(async () => {
  server = await startServer();
  browser = await startBrowser();
});
after(() => Promise.all([server?.stop(), browser?.stop()]));

test('CIDs of every profile are Kubo’s', async () => {
  const page = await browser.page();
  const { files } = vectors('cids');
  const chosen = files.filter(({ seed, size }) => seed === 1 && size <= 1_048_576);
  const computed = await page.evaluate(
    async ({ bytes, sizes, profiles }) => {
      const blob = await (await fetch(`data:application/octet-stream;base64,${bytes}`)).blob();
      const all = [];
      for (const size of sizes) for (const profile of profiles) all.push(await sdk.utils.getFileHash(blob.slice(0, size), { profile }));
      return all;
    },
    { bytes: generated(1, 1_048_576).toString('base64'), sizes: chosen.map(({ size }) => size), profiles: Object.keys(chosen[0].cids) },
  );
  assert.deepEqual(computed, chosen.flatMap(({ cids }) => Object.values(cids).map(({ cid }) => cid)));
  await page.close();
});

test('text, files, streams and folders are pinned, and progress is told', async () => {
  const page = await browser.page();
  const pinned = await page.evaluate(
    async ({ options, bytes }) => {
      const client = sdk.create(options);
      const content = await (await fetch(`data:application/octet-stream;base64,${bytes}`)).blob();
      const told = [];
      const onProgress = (fraction, { phase }) => told.push([phase, fraction]);
      const file = await client.pinFile(new File([content], 'north.csv'), { onProgress });
      const stream = await client.pinFile(content.stream());
      const folder = await client.pinFile([{ path: 'site/a.txt', content: 'a' }, { path: 'site/ä "50%22".txt', content: new Blob(['b']) }]);
      const { Pins } = await client.pinList({ limit: 3 });
      const [endpoint] = await sdk.listEndpoints({ ...options, baseUrl: options.url });
      return { file, stream, folder, told, names: Pins.map(({ Metadata }) => Metadata.name), endpoint, text: (await client.pinFile('text')).PinHash };
    },
    { options: server.options(), bytes: CONTENT.toString('base64') },
  );
  const cid = await utils.getFileHash(CONTENT);
  assert.equal(pinned.file.PinHash, cid);
  assert.equal(pinned.stream.PinHash, cid);
  assert.equal(pinned.text, await utils.getFileHash('text'));
  assert.equal(pinned.endpoint.apiHost, server.url);
  assert.deepEqual(pinned.told.at(-1), ['uploading', 1]);
  assert.deepEqual([...new Set(pinned.told.map(([phase]) => phase))], ['hashing', 'uploading']);
  assert.equal((await server.content(`${pinned.folder.PinHash}/${encodeURIComponent('ä "50%22".txt')}`)).toString(), 'b');
  assert.deepEqual(page.errors, []);
  await page.close();
});

test('a page without TLS pins all the same', async () => {
  const page = await browser.page(browser.insecure);
  const result = await page.evaluate(
    async ({ options, bytes }) => {
      const content = await (await fetch(`data:application/octet-stream;base64,${bytes}`)).blob();
      return { secure: isSecureContext, pin: await sdk.create(options).pinFile(content) };
    },
    { options: server.options(), bytes: CONTENT.toString('base64') },
  );
  assert.equal(result.secure, false);
  assert.equal(result.pin.PinHash, await utils.getFileHash(CONTENT));
  await page.close();
});

test('a worker pins', async () => {
  const page = await browser.page();
  const cid = await page.evaluate(
    (options) =>
      new Promise((resolve, reject) => {
        const worker = new Worker('/worker.js', { type: 'module' });
        worker.onmessage = ({ data }) => resolve(data);
        worker.onerror = ({ message }) => reject(new Error(message));
        worker.postMessage({ options, text: 'from a worker' });
      }),
    server.options(),
  );
  assert.equal(cid, await utils.getFileHash('from a worker'));
  await page.close();
});

test('refusals and stopping are told as in Node', async () => {
  const page = await browser.page();
  const told = await page.evaluate(async (options) => {
    const failed = (promise) => promise.then(() => 'nothing', (error) => error);
    const wrong = await failed(sdk.create({ ...options, jwt: 'wrong' }).pinList());
    const controller = new AbortController();
    const stop = () => controller.abort(new Error('changed my mind'));
    const onProgress = (_, { phase }) => phase === 'uploading' && stop();
    const big = new Blob(Array(64).fill(new Uint8Array(1 << 20)));
    const stopped = await failed(sdk.create({ ...options, resumableFrom: false }).pinFile(big, { signal: controller.signal, onProgress }));
    const away = await failed(sdk.create({ ...options, url: 'http://127.0.0.1:1', retries: 0 }).pinFile('text', () => undefined));
    return { wrong: { ...wrong, typed: wrong instanceof sdk.TidegateError }, stopped: stopped.message, away: away.code };
  }, server.options());
  assert.deepEqual([told.wrong.typed, told.wrong.status, told.wrong.code], [true, 401, 'unauthorized']);
  assert.match(told.wrong.requestId, /^[0-9a-f]{32}$/);
  assert.deepEqual([told.stopped, told.away], ['changed my mind', 'network']);
  await page.close();
});
