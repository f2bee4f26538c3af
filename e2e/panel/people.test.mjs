// How people get in: the first administrator, those who were invited, and with a password, by keyboard alone.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Site } from './lib/site.mjs';

const PASSWORD = 'correct horse battery';
let site;
before(async () => {
  site = await Site.start();
});
after(() => site?.stop());

test('the first administrator comes by the link that the server has printed', async () => {
  const link = site.server.firstAdmin;
  const ann = await site.visitor();
  await ann.visit(link);
  await ann.checkAccess();
  await ann.picture('first-admin');
  await ann.page.getByLabel('E-mail address').fill('ann@example.org');
  await ann.page.getByLabel('Password').fill(PASSWORD);
  await ann.page.getByRole('button', { name: 'Make the account' }).click();
  await ann.page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
  assert.match((await ann.texts('[role=status].notice')).join(), /Welcome/);
  await ann.page.getByRole('button', { name: 'Sign out' }).click();
  await ann.page.getByText('You are signed out.').waitFor();
  ann.checkComplaints();
  await ann.visit(link, 403);
  assert.match(await ann.page.locator('main').innerText(), /This invitation is not good/);
  await ann.leave();
});

test('with a keyboard alone somebody signs in, is told what is wrong, and goes where they wanted to', async () => {
  const { email, password } = await site.account('bob@example.org');
  const bob = await site.visitor();
  const { keyboard } = bob.page;
  await bob.visit('/panel/upload');
  await keyboard.type(email);
  await keyboard.press('Tab');
  await keyboard.type('not the password');
  bob.expect(/status of 401/);
  await keyboard.press('Enter');
  await bob.page.getByRole('alert').getByText('The e-mail address or the password is wrong.').waitFor();
  await bob.checkAccess();
  // The address is still there, so the password has the focus.
  await keyboard.type(password);
  await keyboard.press('Enter');
  await bob.page.getByRole('heading', { level: 1, name: 'Upload' }).waitFor();
  await keyboard.press('Tab');
  await keyboard.press('Enter');
  assert.equal(await bob.page.evaluate(() => document.activeElement.id), 'main', 'the first thing is the way past the navigation');
  await bob.leave();
});

test('on a phone the other pages are behind a button', async () => {
  const cleo = await site.member('cleo@example.org', { size: 'phone' });
  const menu = cleo.page.getByRole('button', { name: 'Menu' });
  const link = cleo.page.getByRole('link', { name: 'Upload', exact: true });
  assert.equal(await link.isVisible(), false);
  await menu.click();
  assert.equal(await menu.getAttribute('aria-expanded'), 'true');
  await cleo.checkAccess();
  await cleo.picture('menu.phone');
  await link.click();
  await cleo.page.getByRole('heading', { level: 1, name: 'Upload' }).waitFor();
  await cleo.leave();
});

test('without scripts everybody gets in and out', async () => {
  const dan = await site.member('dan@example.org', { script: false });
  await dan.page.getByRole('button', { name: 'Sign out' }).click();
  await dan.page.getByText('You are signed out.').waitFor();
  await dan.leave();
});

test('a page that is not there says so', async () => {
  const eve = await site.member('eve@example.org');
  await eve.visit('/panel/nothing', 404);
  assert.match(await eve.page.locator('main').innerText(), /no such page/);
  await eve.checkAccess();
  await eve.leave();
});
