// The pages in README.md do what it says they do.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startBrowser } from '../lib/browser.mjs';
import { startProviderServer } from '../lib/provider-server.mjs';
import { example } from '../lib/readme.mjs';
import { startServer } from '../lib/server.mjs';

const ACCOUNT = '0x9fD6d4e9cd2F8F668d18E37B18B39FFe63Dac3bf';
let server;
let browser;
let provider;
before(async () => {
  server = await startServer();
  provider = await startProviderServer(Buffer.from('hour,moisture\n0,0.31\n'));
  browser = await startBrowser({
    '/page.html': ['text/html', example('page.html')],
    '/buy.html': ['text/html', '<!doctype html><button id="button">Download</button><progress id="progress"></progress><script type="module" src="buy.js"></script>'],
    '/buy.js': ['text/javascript', example('buy.js')],
  });
});
after(() => Promise.all([server?.stop(), browser?.stop(), provider?.stop()]));

test('page.html', async () => {
  const page = await browser.browser.newPage();
  const { url, jwt, privateKey } = server.options();
  await page.addInitScript((account) => (localStorage.account = account), JSON.stringify({ url, jwt, privateKey }));
  await page.goto(`${browser.site.url}/page.html`);
  const path = join(server.workshop.dir, 'hello.txt');
  writeFileSync(path, 'hello world');
  await page.setInputFiles('#file', path);
  await page.waitForFunction(() => result.value !== '');
  assert.equal(await page.evaluate(() => result.value), 'Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyfD');
  assert.equal(await page.evaluate(() => progress.value), 1);
  await page.close();
});

test('buy.js', async () => {
  const page = await browser.browser.newPage();
  await page.addInitScript(
    ([url, account]) => {
      const request = async ({ method }) => (method === 'eth_requestAccounts' ? [account] : '0xsigned');
      const order = async (fee) => fee && '0xabc';
      const asset = { id: 'did:op:1', serviceId: 'readings', serviceEndpoint: url };
      Object.assign(globalThis, { ethereum: { request }, order, asset, showSaveFilePicker: undefined });
    },
    [provider.url, ACCOUNT],
  );
  await page.goto(`${browser.site.url}/buy.html`);
  await page.waitForFunction(() => button.onclick !== null);
  const [saved] = await Promise.all([page.waitForEvent('download'), page.click('#button')]);
  assert.equal(saved.suggestedFilename(), 'soil.csv');
  assert.equal(readFileSync(await saved.path(), 'utf8'), 'hour,moisture\n0,0.31\n');
  assert.equal(provider.requests.at(-1).query.transferTxId, '0xabc');
  await page.close();
});
