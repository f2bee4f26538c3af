// One Cloud with an Endpoint: the page of the Cloud uploads to the Endpoint, which is another origin.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { tidegateBinary } from '../lib/binary.mjs';
import { Provider } from '../lib/provider.mjs';
import { Site } from './lib/site.mjs';

const MIB = 1 << 20;
let site;
let line;
let ann;
before(async () => {
  site = await Site.start({ TIDEGATE_SERVER_ROLE: 'cloud' });
  // An Endpoint has to say where it is before it knows its port.
  line = await site.line();
  ann = await site.member('ann@example.org');
});
after(() => site?.stop());

test('without an Endpoint the page says what is missing', async () => {
  await ann.visit('/panel/upload');
  await ann.page.getByText("None of this server's Endpoints is there").waitFor();
  await ann.checkAccess();
});

test('an Endpoint is invited on the page and joins', async () => {
  const root = await site.enter(await site.admin('root@example.org'));
  await root.visit('/panel/endpoints');
  await root.page.getByLabel('Name').fill('Hong Kong');
  await root.page.getByRole('button', { name: 'Make a token' }).click();
  const token = await root.page.locator('#token').innerText();
  await root.checkAccess();
  const endpoint = await Provider.start(site.workshop, tidegateBinary(), {
    TIDEGATE_SERVER_ROLE: 'endpoint',
    TIDEGATE_SERVER_PUBLIC_URL: line.url,
    TIDEGATE_ENDPOINT_CLOUD: site.url,
    TIDEGATE_ENDPOINT_REGISTRATION_TOKEN: token,
  });
  line.target = endpoint.url;
  await root.visit('/panel/endpoints');
  await root.page.locator('tr', { hasText: 'Hong Kong' }).getByText('there', { exact: true }).waitFor();
  await root.leave();
});

test('small and large files go to the Endpoint, and are opened there', { timeout: 120_000 }, async () => {
  const links = [];
  await ann.visit('/panel/upload');
  for (const [name, size] of [['small.bin', 1000], ['large.bin', 20 * MIB]]) {
    const bytes = randomBytes(size);
    await ann.page.locator('#upload-files').setInputFiles({ name, mimeType: 'application/octet-stream', buffer: bytes });
    const row = ann.page.locator('#upload-list .upload', { hasText: name });
    await row.locator('.badge', { hasText: 'Pinned' }).waitFor({ timeout: 60_000 });
    const cid = await row.locator('code').innerText();
    const answer = await fetch(`${line.url}/ipfs/${cid}`);
    assert.ok(Buffer.from(await answer.arrayBuffer()).equals(bytes), name);
    links.push(await row.getByRole('link', { name: /Open/ }).getAttribute('href'));
  }
  ann.checkComplaints();
  // The Cloud hears of it a little later, and leads there from then on.
  const listed = ann.page.locator('tbody').getByRole('link', { name: /^(small|large)\.bin$/ });
  while ((await listed.count()) < 2) await ann.visit('/panel/pins');
  for (const link of links) {
    const opened = await fetch(new URL(link, site.url));
    assert.deepEqual([opened.status, new URL(opened.url).origin], [200, line.url], link);
    await opened.body.cancel();
  }
});
