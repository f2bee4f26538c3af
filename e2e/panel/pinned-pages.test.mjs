// What was pinned, in a real browser: pages run apart from the panel, their owner sees what is in a pin, and lets it go.

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Site } from './lib/site.mjs';

/** One pixel. */
const PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
/** One empty page. */
const PDF = `%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]>>endobj
trailer<</Root 1 0 R>>
%%EOF
`;

/** A page that tries what it may do, and writes it down. */
const PAGE = `<!doctype html><title>site</title><link rel="stylesheet" href="site.css"><script type="module" src="site.js"></script>`;
const SCRIPT = `
import { word } from './word.js';
const said = async (work) => { try { return String(await work()); } catch (error) { return 'refused: ' + error.name; } };
const panel = new URLSearchParams(location.search).get('panel') ?? '';
const found = {
  word,
  origin: self.origin,
  data: await said(async () => (await (await fetch('data.json')).json()).a),
  panel: await said(async () => (await fetch(panel + '/panel', { credentials: 'include' })).status),
  owns: await said(async () => (await fetch(panel + '/panel/pins/1/content', { credentials: 'include' })).status),
  cookie: await said(() => document.cookie === '' || 'some'),
  storage: await said(() => (localStorage.setItem('a', 'kept'), localStorage.getItem('a'))),
  worker: await said(() => navigator.serviceWorker.register('site.js')),
};
const frame = Object.assign(document.createElement('iframe'), { name: 'hidden' });
const form = Object.assign(document.createElement('form'), { method: 'post', action: panel + '/panel/logout', target: 'hidden' });
document.body.append(frame, form);
frame.onload = () => { document.title = JSON.stringify(found); };
form.submit();
`;

let site, ann, keys, folder, secret;

const pin = (path, ...more) => site.server.command(['pin', path, ...more], keys);

before(async () => {
  site = await Site.start({ TIDEGATE_GATEWAY_HOST: 'ipfs.localhost' });
  const account = await site.account('ann@example.org');
  keys = { TIDEGATE_URL: site.url, TIDEGATE_API_KEY: account.apiKey, TIDEGATE_RSA_PRIVATE_KEY: account.rsaPrivateKey };
  const content = site.workshop.path('content');
  const path = join(content, 'site');
  mkdirSync(path, { recursive: true });
  for (const [name, bytes] of Object.entries({
    'index.html': PAGE, 'site.js': SCRIPT, 'word.js': `export const word = 'loaded';`, 'site.css': 'body { color: rgb(1, 2, 3); }',
    'data.json': '{"a": 7}', 'picture.png': PNG, 'paper.pdf': PDF, 'notes.txt': 'only <b>words</b>',
  })) writeFileSync(join(path, name), bytes);
  const picture = join(content, 'secret.png');
  writeFileSync(picture, Buffer.concat([PNG, Buffer.from('another')]));
  folder = await pin(path);
  secret = await pin(picture, '--private');
  ann = await site.visitor();
  await ann.signIn(account);
});
after(() => site?.stop());

/** Opens a pinned page and gives what it found out. */
async function opened(address) {
  const { page } = ann;
  await page.goto(address);
  await page.waitForFunction(() => document.title.startsWith('{'));
  const color = await page.evaluate(() => getComputedStyle(document.body).color);
  return { color, ...JSON.parse(await page.title()) };
}

test('a pinned page works, and cannot act as whoever opens it', async () => {
  // What it may not do it is told, in the console of its own page.
  ann.expect(/^\/ipfs\//);
  ann.expect(/^\/panel: console: Failed to load resource.*404/);
  const found = await opened(`${site.url}/ipfs/${folder.cid}/`);
  assert.deepEqual([found.word, found.color, found.data], ['loaded', 'rgb(1, 2, 3)', '7']);
  assert.equal(found.origin, 'null');
  for (const refused of ['panel', 'owns', 'cookie', 'storage', 'worker']) assert.match(found[refused], /^refused/, `${refused}: ${found[refused]}`);
  await ann.visit('/panel');
  assert.ok((await ann.links()).includes('/panel/pins'), 'nobody has signed her out');
});

test("under the gateway's own host a page has storage, and of the panel nothing", async () => {
  const own = new URL(site.url);
  own.hostname = 'ipfs.localhost';
  const found = await opened(`${own.origin}/ipfs/${folder.cid}/?panel=${encodeURIComponent(site.url)}`);
  assert.deepEqual([found.word, found.origin, found.storage], ['loaded', own.origin, 'kept']);
  for (const refused of ['panel', 'owns', 'worker']) assert.match(found[refused], /^refused/, `${refused}: ${found[refused]}`);
  const there = await ann.page.goto(`${own.origin}/panel`);
  assert.equal(there.status(), 404);
  await ann.visit('/panel');
});

test('the list finds a pin, and its page shows what is in it', async () => {
  const { page } = ann;
  await ann.visit('/panel/pins');
  await page.getByRole('searchbox').fill('SITE');
  await page.getByRole('button', { name: 'Show' }).click();
  await page.getByRole('link', { name: 'site', exact: true }).click();
  await page.getByRole('heading', { level: 1, name: 'site' }).waitFor();
  const pinned = page.url();
  await page.getByRole('button', { name: 'Copy the CID' }).click();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), folder.cid);
  for (const [name, check] of [
    ['picture.png', () => page.waitForFunction(() => document.querySelector('img.preview')?.naturalWidth === 1)],
    ['notes.txt', () => page.getByText('only <b>words</b>').waitFor()],
    ['index.html', () => page.getByText('<!doctype html>').waitFor()],
    ['paper.pdf', () => page.waitForFunction(() => document.querySelector('iframe.preview')?.src.endsWith('/paper.pdf'))],
  ]) {
    await page.goto(pinned);
    await page.getByRole('link', { name, exact: true }).click();
    await check();
    await ann.checkAccess();
    await ann.checkWidth();
    await ann.picture(`pin-${name}`);
    ann.checkComplaints();
  }
});

test('what is private is shown to its owner', async () => {
  const { page } = ann;
  await ann.visit('/panel/pins?q=secret');
  await page.getByRole('link', { name: 'secret.png', exact: true }).click();
  await page.waitForFunction(() => document.querySelector('img.preview')?.naturalWidth === 1);
  assert.equal(await page.getByRole('link', { name: 'gateway' }).count(), 0);
  const gateway = await page.request.get(`${site.url}/ipfs/${secret.cid}`);
  assert.equal(gateway.status(), 404);
  ann.checkComplaints();
});

test('a pin is let go', async () => {
  const { page } = ann;
  await ann.visit('/panel/pins');
  await page.getByRole('checkbox', { name: 'Select site' }).check();
  await page.getByText('Unpin the selected…').click();
  await page.getByRole('button', { name: 'Unpin them' }).click();
  await page.getByText('One pin is removed.').waitFor();
  const gateway = await page.request.get(`${site.url}/ipfs/${folder.cid}/`);
  assert.equal(gateway.status(), 404);
  ann.checkComplaints();
});

test('a webhook is added and shows its secret', async () => {
  const { page } = ann;
  await ann.visit('/panel/webhooks');
  await page.getByLabel('Address').fill('https://app.example.org/told');
  await page.getByRole('button', { name: 'Add' }).click();
  await page.getByRole('heading', { level: 1, name: 'https://app.example.org/told' }).waitFor();
  await page.getByText('Show the secret').click();
  await ann.checkAccess();
  await ann.checkWidth();
  await ann.picture('webhook');
  await page.getByRole('button', { name: 'Copy the secret' }).click();
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), /^whsec_/);
  ann.checkComplaints();
});
