// Uploading from the page: what is chosen or dropped is pinned, also over breaks, and what is in the way is said in words.

import assert from 'node:assert/strict';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Site } from './lib/site.mjs';

const MIB = 1 << 20;
/** What a browser says of a line that breaks; it repeats some requests by itself, which the server knows by their offset. */
const BROKEN = /ERR_(CONNECTION|EMPTY|SOCKET)|status of 409/;
let site;
let ann;
before(async () => {
  site = await Site.start();
  ann = await site.member('ann@example.org');
});
after(() => site?.stop());

/** Chooses a file by the button. */
async function choose(visitor, name, content) {
  await visitor.page.locator('#upload-files').setInputFiles({ name, mimeType: 'application/octet-stream', buffer: Buffer.from(content) });
}

/** Chooses a file of `size` bytes that the page makes, no two of its chunks alike. */
function chooseLarge(visitor, name, size) {
  return visitor.page.evaluate(
    ([name, size]) => {
      const chunk = 1 << 18;
      const shared = new Blob([new Uint8Array(chunk - 8).map((_, at) => at * 31)]);
      const parts = Array.from({ length: size / chunk }, (_, at) => [new Float64Array([at + size]), shared]).flat();
      const transfer = new DataTransfer();
      transfer.items.add(new File(parts, name));
      const input = document.getElementById('upload-files');
      input.files = transfer.files;
      input.dispatchEvent(new Event('change'));
    },
    [name, size],
  );
}

/** The row of an upload. */
function row(visitor, name) {
  return visitor.page.locator('#upload-list .upload', { hasText: name });
}

/** Waits for an upload's state, and gives the CID that its row shows. */
async function state(visitor, name, words, timeout = 60_000) {
  await row(visitor, name).locator('.badge', { hasText: words }).waitFor({ timeout });
  return row(visitor, name).locator('code').innerText();
}

/** What the gateway has there for anybody. */
async function content(path) {
  const answer = await fetch(`${site.url}/ipfs/${path}`);
  return answer.ok ? Buffer.from(await answer.arrayBuffer()) : answer.status;
}

test('a file is pinned, its id can be copied and opened', async () => {
  const bytes = randomBytes(3 * MIB);
  await ann.visit('/panel/upload');
  await choose(ann, 'north.bin', bytes);
  const cid = await state(ann, 'north.bin', 'Pinned');
  assert.ok((await content(cid)).equals(bytes));
  await row(ann, 'north.bin').getByRole('button', { name: /Copy/ }).click();
  assert.equal(await ann.page.evaluate(() => navigator.clipboard.readText()), cid);
  assert.equal(await row(ann, 'north.bin').getByRole('link', { name: /Open/ }).getAttribute('href'), `/ipfs/${cid}`);
  assert.match(await ann.page.locator('#upload-said').innerText(), /north\.bin is pinned/);
  await ann.checkAccess();
  await ann.picture('upload-pinned');
  ann.checkComplaints();
});

test('a folder is one pin with all that is in it', async () => {
  const folder = join(site.workshop.path('chosen'), 'Tide tables');
  mkdirSync(join(folder, 'norð'), { recursive: true });
  writeFileSync(join(folder, 'a.txt'), 'a');
  writeFileSync(join(folder, 'norð', 'b "50%".txt'), 'b');
  await ann.visit('/panel/upload');
  await ann.page.locator('#upload-folder').setInputFiles(folder);
  const cid = await state(ann, 'Tide tables', 'Pinned');
  assert.equal(String(await content(`${cid}/a.txt`)), 'a');
  assert.equal(String(await content(`${cid}/${encodeURIComponent('norð')}/${encodeURIComponent('b "50%".txt')}`)), 'b');
  assert.match(await row(ann, 'Tide tables').innerText(), /folder with 2 files/);
  ann.checkComplaints();
});

test('what is dropped is pinned: a file by itself, a folder with what is in it', async () => {
  const place = site.workshop.path('dropped');
  mkdirSync(join(place, 'shore', 'empty'), { recursive: true });
  writeFileSync(join(place, 'wave.txt'), 'a wave');
  writeFileSync(join(place, 'shore', 'sand.txt'), 'sand');
  await ann.visit('/panel/upload');
  const { x, y, width, height } = await ann.page.locator('#upload-drop').boundingBox();
  const devtools = await ann.context.newCDPSession(ann.page);
  const at = { x: x + width / 2, y: y + height / 2, data: { items: [], files: [join(place, 'wave.txt'), join(place, 'shore')], dragOperationsMask: 1 } };
  for (const type of ['dragEnter', 'dragOver', 'drop']) await devtools.send('Input.dispatchDragEvent', { type, ...at });
  assert.equal(String(await content(await state(ann, 'wave.txt', 'Pinned'))), 'a wave');
  const cid = await state(ann, 'shore', 'Pinned');
  assert.equal(String(await content(`${cid}/sand.txt`)), 'sand');
  assert.notEqual(await content(`${cid}/empty`), 404);
  ann.checkComplaints();
});

test('a large file goes on by itself when the connection comes back', async () => {
  const line = await site.line();
  const far = await site.member('far@example.org', { url: line.url });
  far.expect(BROKEN);
  await far.visit('/panel/upload');
  const size = 64 * MIB;
  const broken = line.breakAfter(40 * MIB);
  await chooseLarge(far, 'large.bin', size);
  await broken;
  line.mend();
  const cid = await state(far, 'large.bin', 'Pinned');
  assert.equal((await content(cid)).length, size);
  // What was on its way when the line broke is sent again, and no more.
  assert.ok(line.sent < 1.4 * size, `${line.sent} bytes were sent for ${size}`);
  await far.leave();
});

test('an upload is paused and goes on, also after the page was loaded again', async () => {
  const line = await site.line();
  const far = await site.member('reload@example.org', { url: line.url });
  far.expect(BROKEN);
  await far.visit('/panel/upload');
  const size = 48 * MIB;
  const broken = line.breakAfter(size / 2);
  await chooseLarge(far, 'half.bin', size);
  await broken;
  await row(far, 'half.bin').getByRole('button', { name: /Pause/ }).click();
  await state(far, 'half.bin', 'Paused');
  line.mend();
  await far.visit('/panel/upload');
  const left = far.page.locator('#upload-unfinished');
  await left.getByText('half.bin').waitFor();
  await left.getByText(/MiB of 48 MiB are at the server · public/).waitFor();
  await far.checkAccess();
  await far.picture('upload-unfinished');
  const before = line.sent;
  await chooseLarge(far, 'half.bin', size);
  const cid = await state(far, 'half.bin', 'Pinned');
  assert.equal((await content(cid)).length, size);
  assert.ok(line.sent - before < 0.75 * size, `${line.sent - before} bytes were sent again`);
  await left.waitFor({ state: 'hidden' });
  await far.leave();
});

test('what is cancelled is gone from the server, too', async () => {
  const line = await site.line();
  const far = await site.member('cancel@example.org', { url: line.url });
  far.expect(BROKEN);
  await far.visit('/panel/upload');
  const broken = line.breakAfter(20 * MIB);
  await chooseLarge(far, 'unwanted.bin', 40 * MIB);
  await broken;
  line.mend();
  const asked = [];
  await far.page.route('**/api/v1/uploads/*', async (route) => {
    const method = route.request().method();
    asked.push(method);
    // The server hears of it late, when the page has long gone on.
    if (method === 'DELETE') await row(far, 'unwanted.bin').waitFor({ state: 'detached' });
    await route.continue();
  });
  const gone = far.page.waitForResponse((response) => response.request().method() === 'DELETE');
  await row(far, 'unwanted.bin').getByRole('button', { name: /Cancel/ }).click();
  assert.equal((await gone).status(), 204);
  assert.ok(!asked.includes('GET'), 'the page asks for what it has given up');
  assert.equal(await far.page.locator('#upload-unfinished').isHidden(), true);
  await far.leave();
});

test('private content is there for no stranger', async () => {
  await ann.visit('/panel/upload');
  await ann.page.getByLabel(/Only buyers/).check();
  await choose(ann, 'secret.txt', 'for buyers');
  const cid = await state(ann, 'secret.txt', 'Pinned');
  assert.equal(await content(cid), 404);
  assert.equal(await row(ann, 'secret.txt').getByRole('link', { name: /Open/ }).count(), 0);
  assert.match(await row(ann, 'secret.txt').innerText(), /private/);
  ann.checkComplaints();
});

test('several go one after the other, and a name is for one', async () => {
  await ann.visit('/panel/upload');
  const files = Array.from({ length: 7 }, (_, at) => ({ name: `many-${at}.txt`, mimeType: 'text/plain', buffer: Buffer.from(`number ${at}`) }));
  await ann.page.getByText('Name and kind of id').click();
  await ann.page.getByLabel('Name in your lists').fill('Only one');
  await ann.page.locator('#upload-files').setInputFiles(files);
  for (const { name } of files) await state(ann, name, 'Pinned');
  await ann.page.getByLabel('Name in your lists').fill('Only one');
  await ann.page.getByLabel('Kind of id').selectOption({ index: 1 });
  await choose(ann, 'plain.txt', 'one');
  assert.match(await state(ann, 'Only one', 'Pinned'), /^bafk/);
  ann.checkComplaints();
});

test('who has a key of their own signs with it', async () => {
  const account = await site.account('own@example.org');
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = publicKey.export({ type: 'spki', format: 'pem' });
  await site.server.command(['account', 'verification-key', 'set', '--email', account.email, '--public-key', pem]);
  const own = await site.visitor();
  await own.signIn(account);
  await own.visit('/panel/upload');
  await choose(own, 'early.txt', 'early');
  await state(own, 'early.txt', 'Failed');
  assert.match(await row(own, 'early.txt').innerText(), /your private key/i);
  await own.checkAccess();
  await own.page.getByLabel('Your private key').fill(privateKey.export({ type: 'pkcs8', format: 'pem' }));
  await row(own, 'early.txt').getByRole('button', { name: /Try again/ }).click();
  await state(own, 'early.txt', 'Pinned');
  await own.leave();
});

test('without a key that may pin everything the page says what to do', async () => {
  const account = await site.account('keyless@example.org');
  await site.server.command(['account', 'key', 'revoke', '--email', account.email, '--name', 'default']);
  const keyless = await site.visitor();
  await keyless.signIn(account);
  await keyless.visit('/panel/upload');
  assert.match(await keyless.page.locator('main').innerText(), /No API key of yours may pin everything/);
  await keyless.checkAccess();
  await keyless.leave();
});

test('who is signed out meanwhile is told', async () => {
  const gone = await site.member('gone@example.org');
  await gone.visit('/panel/upload');
  await gone.context.clearCookies();
  await choose(gone, 'late.txt', 'late');
  await state(gone, 'late.txt', 'Failed');
  assert.match(await row(gone, 'late.txt').innerText(), /not signed in any more/);
  await gone.leave();
});

test('without scripts the page says how else', async () => {
  const plain = await site.member('plain@example.org', { script: false });
  await plain.visit('/panel/upload');
  assert.match(await plain.page.locator('main').innerText(), /needs JavaScript/);
  await plain.leave();
});

test('a quota that is used up is said in words', async () => {
  const small = await Site.start({ TIDEGATE_LIMITS_ACCOUNT_QUOTA: '1MiB' });
  try {
    const bob = await small.member('bob@example.org');
    bob.expect(/status of 413/);
    await bob.visit('/panel/upload');
    await choose(bob, 'small.txt', 'small');
    await state(bob, 'small.txt', 'Pinned');
    await choose(bob, 'big.bin', randomBytes(2 * MIB));
    await state(bob, 'big.bin', 'Failed');
    await chooseLarge(bob, 'bigger.bin', 16 * MIB);
    await state(bob, 'bigger.bin', 'Failed');
    for (const name of ['big.bin', 'bigger.bin']) assert.match(await row(bob, name).innerText(), /quota/i);
    await bob.picture('upload-refused');
    await bob.leave();
  } finally {
    await small.stop();
  }
});
