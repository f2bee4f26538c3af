// What administrators do: invite, set quotas, shut out and let in again, and look at the server.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { furnish } from './lib/furnish.mjs';
import { Site } from './lib/site.mjs';

let site, ann;
before(async () => {
  site = await Site.start();
  const account = await site.admin('ann@example.org');
  await furnish(site, account);
  ann = await site.enter(account);
});
after(() => site?.stop());

test('somebody is invited and comes by the link', async () => {
  await ann.visit('/panel/admin/invites');
  await ann.page.getByLabel('For whom').fill('the museum');
  await ann.page.getByRole('button', { name: 'Make an invitation' }).click();
  const link = await ann.page.locator('#link').innerText();
  await ann.checkAccess();
  const bob = await site.visitor();
  await bob.visit(link);
  await bob.page.getByLabel('E-mail address').fill('bob@example.org');
  await bob.page.getByLabel('Password').fill('correct horse battery');
  await bob.page.getByRole('button', { name: 'Make the account' }).click();
  await bob.page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
  await bob.visit('/panel/admin/invites', 403);
  await bob.leave();
  await ann.visit('/panel/admin/invites');
  assert.match((await ann.texts('tbody tr')).join(), /the museum\s+used/);
});

test('an account gets a quota, is shut out, and is let in again', async () => {
  const account = await site.account('cleo@example.org');
  const cleo = await site.enter(account);
  await ann.visit('/panel/admin/accounts?search=cleo');
  await ann.page.getByRole('link', { name: 'cleo@example.org' }).click();
  await ann.page.getByLabel('Bytes that it may pin').fill('2 GiB');
  await ann.page.getByRole('button', { name: 'Set the quota' }).click();
  await ann.page.getByText('0 B of 2.0 GiB').first().waitFor();
  await cleo.visit('/panel');
  await cleo.page.getByText('of 2.0 GiB').waitFor();

  await ann.page.locator('summary', { hasText: 'Disable' }).click();
  await ann.page.getByRole('button', { name: 'Disable cleo@example.org' }).click();
  await ann.page.getByRole('status').getByText(/disabled/).waitFor();
  await cleo.page.goto(`${site.url}/panel`);
  await cleo.page.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor();
  const ask = () => fetch(`${site.url}/pinning/pinList`, { headers: { Authorization: `Bearer ${account.apiKey}` } });
  assert.equal((await ask()).status, 401);
  await ann.page.getByRole('button', { name: 'Enable the account' }).click();
  await ann.page.getByRole('status').first().waitFor();
  await cleo.signIn(account);
  assert.equal((await ask()).status, 200);
  await cleo.leave();
  ann.checkComplaints();
});

test('a request is found in the log by its id', async () => {
  const id = (await fetch(`${site.url}/ipfs/nothing`)).headers.get('x-request-id');
  await ann.visit('/panel/admin/logs');
  await ann.page.getByLabel('Request').fill(id);
  await ann.page.getByRole('button', { name: 'Search' }).click();
  await ann.page.locator('table.log', { hasText: 'path="/ipfs/nothing"' }).waitFor();
  ann.checkComplaints();
});

test('settings are shown without secrets, and what is used as charts', async () => {
  await ann.visit('/panel/admin/settings');
  const settings = await ann.page.locator('main').innerText();
  assert.match(settings, /session_idle\s+12h/);
  assert.match(settings, /server_key\s+(not set|set)/);
  await ann.visit('/panel/usage');
  assert.ok((await ann.page.locator('svg[role=img]').count()) >= 4);
  await ann.page.getByRole('link', { name: '30 days' }).click();
  await ann.page.waitForURL(/days=30/);
  await ann.page.locator('summary', { hasText: 'As a table' }).first().click();
  await ann.checkAccess();
  ann.checkComplaints();
});

test('a request that goes nowhere is removed', async () => {
  await ann.visit('/panel/jobs');
  const row = ann.page.locator('tr', { hasText: 'Nobody has it' });
  assert.match(await row.innerText(), /waiting|failed|at work/);
  await row.locator('summary', { hasText: 'Remove' }).click();
  await row.getByRole('button', { name: 'Remove it' }).click();
  await ann.page.getByRole('status').first().waitFor();
  assert.equal(await ann.page.locator('tr', { hasText: 'Nobody has it' }).count(), 0);
  ann.checkComplaints();
});
