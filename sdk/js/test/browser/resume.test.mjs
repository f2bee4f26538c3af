// Transfers that go on, in pages: uploads over a reload, downloads over breaks and onto the disk.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, beforeEach, test } from 'node:test';
import { utils } from '@tidegate/sdk';
import { startBrowser } from '../lib/browser.mjs';
import { generated, vectors } from '../lib/content.mjs';
import { startProviderServer } from '../lib/provider-server.mjs';
import { startTusServer } from '../lib/tus-server.mjs';

const FILE = generated(22, 1_000_000);
const ORDER = { documentId: 'did:op:1', serviceId: 'readings', transferTxId: '0xabc' };
const [{ privateKey }] = vectors('cid-signatures').keys;
let uploads;
let provider;
let browser;
before(async () => {
  uploads = await startTusServer();
  provider = await startProviderServer(FILE);
  browser = await startBrowser();
});
after(async () => {
  await browser?.stop();
  await Promise.all([uploads?.stop(), provider?.stop()]);
});
beforeEach(() => {
  Object.assign(provider, { breaks: [], requests: [], last: 1n });
  Object.assign(uploads, { requests: [], faults: {} });
  uploads.uploads.clear();
});

test('an upload goes on after the page was loaded again', async () => {
  const page = await browser.page();
  const options = { url: uploads.url, jwt: 'key', privateKey, resumableFrom: 1, chunkSize: 300_000, retryDelay: 1 };
  const pin = (given) =>
    page.evaluate(async ([options, bytes]) => {
      const content = await (await fetch(`data:application/octet-stream;base64,${bytes}`)).blob();
      return (await sdk.create({ ...options, storage: localStorage }).pinFile(new File([content], 'big.bin'), { onProgress: () => undefined })).PinHash;
    }, given);
  let reached;
  const half = new Promise((resolve) => (reached = resolve));
  // The third part is never answered: the page goes before.
  uploads.faults.PATCH = [undefined, undefined, () => reached()];
  const given = [options, FILE.toString('base64')];
  pin(given).catch(() => undefined);
  await half;
  await page.goto('about:blank');
  await page.goto(browser.site.url);
  await page.evaluate(async () => {
    globalThis.sdk = await import('/tidegate.min.js');
  });
  uploads.requests.length = 0;
  const cid = await pin(given);
  assert.deepEqual(uploads.requests, ['HEAD', 'PATCH 600000', 'PATCH 900000', 'GET']);
  const [upload] = uploads.uploads.values();
  assert.ok(upload.content.equals(FILE));
  assert.equal(upload.metadata.cid, cid);
  await page.close();
});

test('a download that breaks goes on, onto a file of the page', async () => {
  const page = await browser.page();
  provider.breaks = [400_000, 0, 10];
  const saved = await page.evaluate(async ([url, order]) => {
    const request = async ({ method }) => (method === 'eth_requestAccounts' ? ['0x9fD6d4e9cd2F8F668d18E37B18B39FFe63Dac3bf'] : '0xsigned');
    const access = new sdk.Access({ url, signer: { request }, retryDelay: 1 });
    const download = await access.download(order);
    const root = await navigator.storage.getDirectory();
    const handle = await root.getFileHandle('soil.csv', { create: true });
    await download.save({ handle });
    const file = await handle.getFile();
    return { name: download.name, size: file.size, etag: download.etag, cid: await sdk.utils.getFileHash(file) };
  }, [provider.url, ORDER]);
  assert.deepEqual(saved, { name: 'soil.csv', size: FILE.length, etag: '"v1"', cid: await utils.getFileHash(FILE) });
  assert.ok(provider.requests.filter(({ query }) => query.ticket).length >= 2);
  await page.close();
});

test('what cannot be completed is not saved', async () => {
  const page = await browser.page();
  provider.breaks = [400_000, 0, 0, 0];
  const left = await page.evaluate(async ([url, order]) => {
    const request = async ({ method }) => (method === 'eth_requestAccounts' ? ['0x9fD6d4e9cd2F8F668d18E37B18B39FFe63Dac3bf'] : '0xsigned');
    const download = await new sdk.Access({ url, signer: { request }, retryDelay: 1, retries: 2 }).download(order);
    const handle = await (await navigator.storage.getDirectory()).getFileHandle('half.csv', { create: true });
    const error = await download.save({ handle }).catch((error) => error);
    return { code: error.code, size: (await handle.getFile()).size };
  }, [provider.url, ORDER]);
  assert.deepEqual(left, { code: 'network', size: 0 });
  await page.close();
});

test('a browser that cannot choose a place saves as it saves everything', async () => {
  const page = await browser.page();
  const [saved] = await Promise.all([
    page.waitForEvent('download'),
    page.evaluate(async ([url, order]) => {
      globalThis.showSaveFilePicker = undefined;
      const download = await new sdk.Access({ url }).download({ ...order, token: 'a token', consumerAddress: '0x1' });
      await download.save();
    }, [provider.url, ORDER]),
  ]);
  assert.equal(saved.suggestedFilename(), 'soil.csv');
  assert.ok(readFileSync(await saved.path()).equals(FILE));
  await page.close();
});
