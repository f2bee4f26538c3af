// What programs need from the panel: keys to copy, and commands that work as they are shown.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { Site } from './lib/site.mjs';

let site;
before(async () => {
  site = await Site.start();
});
after(() => site?.stop());

/** What a button beside an element copies. */
async function copied(visitor, id) {
  await visitor.page.locator(`button[data-copy="${id}"]`).click();
  await visitor.page.locator(`button[data-copy="${id}"]`, { hasText: 'Copied' }).waitFor();
  return visitor.page.evaluate(() => navigator.clipboard.readText());
}

test('the keys are copied as programs need them', async () => {
  const account = await site.account('ann@example.org');
  const ann = await site.enter(account);
  await ann.visit('/panel/api/jwt');
  assert.equal(await copied(ann, 'api-key'), account.apiKey);
  await ann.visit('/panel/api/verification-key');
  assert.equal(await copied(ann, 'private-key'), account.rsaPrivateKey);
  await ann.leave();
});

test('another key is made, used and revoked', async () => {
  const bob = await site.member('bob@example.org');
  await bob.visit('/panel/api/jwt');
  await bob.page.getByLabel('Name', { exact: true }).fill('press');
  await bob.page.getByRole('button', { name: 'Make the key' }).click();
  const key = (await bob.page.locator('#shown-token').innerText()).trim();
  await bob.checkAccess();
  const ask = () => fetch(`${site.url}/pinning/pinList`, { headers: { Authorization: `Bearer ${key}` } });
  assert.equal((await ask()).status, 200);
  const row = bob.page.locator('tr', { hasText: 'press' });
  await row.locator('summary', { hasText: 'Revoke' }).click();
  await row.getByRole('button', { name: 'Revoke it' }).click();
  await bob.page.getByRole('status').getByText(/revoked/i).waitFor();
  assert.equal((await ask()).status, 401);
  await bob.leave();
});

test('the commands for curl work as they are shown', async () => {
  const cleo = await site.member('cleo@example.org');
  await cleo.visit('/panel/api/jwt');
  const texts = await cleo.page.locator('pre.snippet').evaluateAll((found) => found.map((one) => one.textContent));
  const settings = texts.find((text) => /TIDEGATE_API_KEY=/.test(text));
  const commands = texts.find((text) => /pinFile/.test(text) && /curl/.test(text));
  const { stdout } = await promisify(execFile)('bash', ['-euc', `${settings}\n${commands}`], { cwd: site.workshop.dir });
  assert.match(stdout, /"PinHash":"Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyfD"/);
  await cleo.leave();
});
