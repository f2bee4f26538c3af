// An account in its owner's hands: another password, a second factor, and where they are signed in.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';
import { Site } from './lib/site.mjs';

let site;
before(async () => {
  site = await Site.start();
});
after(() => site?.stop());

/** What an app shows that knows this secret: RFC 6238, some half minutes from now. */
function codeOf(secret, later = 0) {
  const bits = [...secret].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + later));
  const hash = createHmac('sha1', key).update(step).digest();
  const code = hash.readUInt32BE(hash[19] & 15) & 0x7fffffff;
  return String(code % 1_000_000).padStart(6, '0');
}

test('a second factor is set up, asked for, and has codes for when the phone is lost', async () => {
  const account = await site.account('ann@example.org');
  const ann = await site.enter(account);
  await ann.visit('/panel/account');
  await ann.page.getByLabel('Password', { exact: true }).fill(account.password);
  await ann.page.getByRole('button', { name: 'Set it up' }).click();
  await ann.page.getByRole('heading', { level: 1, name: 'Set up the second factor' }).waitFor();
  await ann.checkAccess();
  await ann.picture('second-factor');
  const secret = (await ann.page.locator('#secret').innerText()).replaceAll(/\s/g, '');
  ann.expect(/status of 4\d\d/);
  await ann.page.getByLabel('The code that the app shows now').fill('000000');
  await ann.page.getByRole('button', { name: 'Turn it on' }).click();
  await ann.page.getByRole('alert').waitFor();
  await ann.page.getByLabel('The code that the app shows now').fill(codeOf(secret));
  await ann.page.getByRole('button', { name: 'Turn it on' }).click();
  const codes = (await ann.page.locator('#codes').innerText()).trim().split(/\s+/);
  assert.equal(codes.length, 10);
  await ann.checkAccess();
  await ann.leave();

  const again = await site.visitor();
  again.expect(/status of 4\d\d/);
  await again.visit('/panel/login');
  await again.page.getByLabel('E-mail address').fill(account.email);
  await again.page.getByLabel('Password').fill(account.password);
  await again.page.getByRole('button', { name: 'Sign in' }).click();
  await again.page.getByRole('heading', { level: 1, name: 'One more step' }).waitFor();
  await again.checkAccess();
  await again.page.goto(`${site.url}/panel`);
  assert.match(again.page.url(), /\/panel\/login$/, 'the password alone opens nothing');
  await again.page.goto(`${site.url}/panel/login/code`);
  await again.page.getByLabel('Code').fill(codeOf(secret, -100));
  await again.page.getByRole('button', { name: 'Sign in' }).click();
  await again.page.getByRole('alert').getByText(/not right/).waitFor();
  await again.page.getByLabel('Code').fill(codes[0]);
  await again.page.getByRole('button', { name: 'Sign in' }).click();
  await again.page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
  await again.visit('/panel/account');
  await again.page.getByText('9 recovery codes are left.').waitFor();
  await again.leave();
});

test('another password signs everybody else out', async () => {
  const account = await site.account('bob@example.org');
  const [here, there] = [await site.enter(account), await site.enter(account)];
  await here.visit('/panel/account');
  assert.equal((await here.texts('tbody tr')).length, 2);
  const password = 'another horse battery';
  await here.page.getByLabel('Password now').fill(account.password);
  await here.page.getByLabel('New password', { exact: true }).fill(password);
  await here.page.getByLabel('The new password again').fill(password);
  await here.page.getByRole('button', { name: 'Change the password' }).click();
  await here.page.getByRole('status').first().waitFor();
  await there.page.goto(`${site.url}/panel/account`);
  await there.page.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor();
  await there.signIn({ ...account, password });
  await here.visit('/panel/account');
  await here.page.getByRole('button', { name: 'End all others' }).click();
  await here.page.getByRole('status').first().waitFor();
  assert.equal((await here.texts('tbody tr')).length, 1);
  await here.leave();
});
