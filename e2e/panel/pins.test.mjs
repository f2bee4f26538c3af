// What is pinned: found, looked into, and let go.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { furnish } from './lib/furnish.mjs';
import { Site } from './lib/site.mjs';

let site;
let ann;
before(async () => {
  site = await Site.start();
  const account = await site.account('ann@example.org');
  await furnish(site, account);
  ann = await site.enter(account);
});
after(() => site?.stop());

/** The names in the list. */
function names() {
  return ann.texts('tbody tr td:nth-child(2) a');
}

test('pins are listed, searched, and looked into', async () => {
  await ann.visit('/panel/pins');
  assert.deepEqual((await names()).sort(), ['A rather long name of something that somebody has pinned some day.txt', 'A year of tides', 'pixel.png', 'readings.csv']);
  await ann.page.getByRole('searchbox').fill('readings');
  await ann.page.getByRole('searchbox').press('Enter');
  await ann.page.waitForURL(/q=readings/);
  assert.deepEqual(await names(), ['readings.csv']);
  await ann.page.getByRole('link', { name: 'readings.csv', exact: true }).click();
  await ann.page.getByText('hour,height').waitFor();
  await ann.checkAccess();
  await ann.visit('/panel/pins');
  await ann.page.getByRole('link', { name: 'pixel.png', exact: true }).click();
  const picture = ann.page.locator('img.preview');
  await picture.waitFor();
  assert.equal(await picture.evaluate((image) => image.naturalWidth), 1);
  ann.checkComplaints();
});

test('a pin that is let go is gone from the list and from the gateway', async () => {
  await ann.visit('/panel/pins?q=readings');
  const cid = await ann.page.locator('tbody code').innerText();
  assert.equal((await fetch(`${site.url}/ipfs/${cid}`)).status, 200);
  await ann.page.getByLabel('Select readings.csv').check();
  await ann.page.locator('summary', { hasText: 'Unpin' }).click();
  await ann.page.getByRole('button', { name: 'Unpin them' }).click();
  await ann.page.getByRole('status').first().waitFor();
  await ann.visit('/panel/pins');
  assert.ok(!(await names()).includes('readings.csv'));
  assert.equal((await fetch(`${site.url}/ipfs/${cid}`)).status, 404);
  ann.checkComplaints();
});
