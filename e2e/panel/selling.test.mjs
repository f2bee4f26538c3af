// What was sold: its seller finds the asset, the order and the receipt, and checks what was signed; the operator sees who may download, and ends that.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Wallet } from 'ethers';
import { Market } from '../lib/market.mjs';
import { delivered, refused } from '../lib/refused.mjs';
import { signText } from '../lib/signing.mjs';
import { Stack } from '../lib/stack.mjs';
import { Site } from './lib/site.mjs';
import { tour } from './lib/tour.mjs';

/** What comes soon is looked for again and again, but not for ever. */
const PATIENT = { timeout: 60_000 };
const readings = randomBytes(300_000);
let stack;
let market;
let site;
let ann;
let seller;
let buyer;
let asset;
let order;

before(async () => {
  stack = await Stack.start({ settings: { TIDEGATE_PROVIDER_FINAL_CONFIRMATIONS: '1' } });
  market = new Market(stack);
  site = await Site.of(stack.provider);
  [seller, buyer] = [await stack.chain.newWallet(), await stack.chain.newWallet()];
  const account = await site.account('ann@example.org');
  await stack.provider.command(['account', 'wallet', 'add', '--email', account.email, seller.address]);
  asset = await market.publish(seller, [{ type: 'ipfs', hash: await pinned(account) }]);
  ({ hash: order } = await market.order(asset, buyer));
  ann = await site.enter(account);
});
after(async () => {
  await site?.stop();
  await stack?.stop();
});

test('a receipt comes with the download, and what was signed is checked on its page and by the command', PATIENT, async () => {
  await ann.visit('/panel/provider/receipts');
  await ann.page.getByText('No download yet.').waitFor();
  await delivered(await market.download(asset, order, buyer), readings);
  // It is written soon after the last byte.
  const receipt = ann.page.getByRole('link', { name: 'No. 1' });
  while ((await receipt.count()) === 0) await ann.visit('/panel/provider/receipts');
  await receipt.click();
  await ann.page.getByText('Everything holds').waitFor();
  const facts = await ann.page.getByRole('region', { name: 'What was delivered' }).innerText();
  for (const fact of [asset.did, buyer.address, seller.address, order, '300 000 bytes']) {
    assert.ok(facts.toLowerCase().replaceAll('\u202f', ' ').includes(fact.toLowerCase()), `${fact} is not in ${facts}`);
  }
  assert.deepEqual([...new Set(await ann.texts('.checks .badge'))], ['✓ right']);

  const [download] = await Promise.all([ann.page.waitForEvent('download'), ann.page.getByRole('link', { name: 'Download as JSON' }).click()]);
  assert.equal(download.suggestedFilename(), 'receipt-1.json');
  const file = join(stack.workshop.path('receipt'), 'receipt-1.json');
  await download.saveAs(file);
  const content = join(file, '..', 'readings.csv');
  writeFileSync(content, readings);
  const { address } = new Wallet(stack.key);
  const checked = await stack.provider.command(['receipt', 'verify', file, '--content', content, '--provider', address]);
  assert.deepEqual([checked.good, checked.signer], [true, address]);
  assert.equal(JSON.parse(readFileSync(file)).delivered.consumerAddress, buyer.address.toLowerCase());
  ann.checkComplaints();
});

test('pages about sales are fit for everybody, with sales on them', async (t) => {
  for (const size of ['phone', 'desktop']) {
    const visitor = await site.enter(await site.admin(`${size}@example.org`), { size });
    for (const list of ['assets', 'orders', 'receipts']) assert.equal(await entriesOf(visitor, list), 1, list);
    await tour(t, visitor, `sold.${size}.light`, '/panel/provider');
    await visitor.leave();
  }
});

test('a stranger sees nothing of it', async () => {
  const bob = await site.member('bob@example.org');
  for (const list of ['assets', 'orders', 'receipts', 'tokens']) assert.equal(await entriesOf(bob, list), 0, list);
  await bob.visit('/panel/provider/receipts/1', 404);
  await bob.leave();
});

test('a token that was given is revoked, and opens nothing any more', async () => {
  const nonce = market.nextNonce();
  const expiration = Math.floor(Date.now() / 1000) + 3600;
  const given = await stack.provider.get('createAuthToken', { address: buyer.address, nonce, expiration, signature: signText(buyer, `${buyer.address}${nonce}`) });
  const { token } = await given.json();
  const { signature, ...unsigned } = market.downloadOf(asset, order, buyer);
  const download = () => stack.provider.get('download', unsigned, { headers: { AuthToken: token } });
  await delivered(await download(), readings);

  const root = await site.enter(await site.admin('root@example.org'));
  await root.visit('/panel/provider/tokens');
  const row = root.page.locator('tr', { has: root.page.locator(`data[value="${buyer.address}"]`) });
  await row.locator('.confirm summary').click();
  await row.getByRole('button', { name: 'Revoke for good' }).click();
  await root.page.getByText('The token is revoked.').waitFor();
  await root.checkAccess();
  await refused(await download());
  await root.leave();
});

/** How many entries of a list somebody sees. */
async function entriesOf(visitor, list) {
  await visitor.visit(`/panel/provider/${list}`);
  return visitor.page.locator('tbody tr').count();
}

/** The CID of the readings, pinned in private. */
async function pinned({ apiKey, rsaPrivateKey }) {
  const file = join(stack.workshop.path('folder'), 'readings.csv');
  mkdirSync(join(file, '..'));
  writeFileSync(file, readings);
  const keys = { TIDEGATE_URL: stack.provider.url, TIDEGATE_API_KEY: apiKey, TIDEGATE_RSA_PRIVATE_KEY: rsaPrivateKey };
  const { cid } = await stack.provider.command(['pin', file, '--private'], keys);
  return cid;
}
