// Who sells: a wallet says that it is somebody's by signing, with the wallet of the browser or elsewhere.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Wallet, toUtf8String } from 'ethers';
import { Site } from './lib/site.mjs';

let site;
before(async () => {
  site = await Site.start();
});
after(() => site?.stop());

test('the wallet of the browser signs, and is linked until it is removed', async () => {
  const wallet = Wallet.createRandom();
  const ann = await site.member('ann@example.org');
  await ann.context.exposeFunction('signed', (text) => wallet.signMessage(toUtf8String(text)));
  await ann.context.addInitScript((address) => {
    globalThis.ethereum = { request: async ({ method, params }) => (method === 'eth_requestAccounts' ? [address] : globalThis.signed(params[0])) };
  }, wallet.address);
  await ann.visit('/panel/provider');
  await ann.page.getByRole('button', { name: 'Sign with the wallet of this browser' }).click();
  await ann.page.getByText('Signed. Now link the wallet.').waitFor();
  await ann.page.getByRole('button', { name: 'Link the wallet' }).click();
  const row = ann.page.locator('tr', { hasText: wallet.address });
  await row.waitFor();
  await ann.checkAccess();
  await row.locator('summary').click();
  await row.getByRole('button', { name: 'Remove', exact: true }).click();
  await ann.page.getByText('No wallet is yours yet.').waitFor();
  await ann.leave();
});

test('a signature from elsewhere is pasted, and one of another wallet is refused in words', async () => {
  const [wallet, other] = [Wallet.createRandom(), Wallet.createRandom()];
  const bob = await site.member('bob@example.org');
  await bob.visit('/panel/provider');
  const link = async (signer) => {
    const text = await bob.page.locator('#text').textContent();
    await bob.page.getByLabel('Address of the wallet').fill(wallet.address);
    await bob.page.getByLabel('Signature').fill(await signer.signMessage(text));
    await bob.page.getByRole('button', { name: 'Link the wallet' }).click();
  };
  bob.expect(/status of 4\d\d/);
  await link(other);
  await bob.page.getByRole('alert').waitFor();
  assert.equal(await bob.page.locator('tr', { hasText: wallet.address }).count(), 0);
  await link(wallet);
  await bob.page.locator('tr', { hasText: wallet.address }).waitFor();
  await bob.leave();
});
