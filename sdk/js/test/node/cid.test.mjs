// CIDs are Kubo's, byte for byte: against testdata/vectors.

import assert from 'node:assert/strict';
import { createCipheriv, createHash } from 'node:crypto';
import { test } from 'node:test';
import { utils } from '@tidegate/sdk';
import { FileHasher } from '../../dist/content/file.js';
import { cidText } from '../../dist/content/cid.js';
import { generated, inPieces, vectors } from '../lib/content.mjs';

const { files, generatorCheck, numbered, published, tiny, tinyProfiles, trees } = vectors('cids');

test('the generator is the vectors’', () => {
  for (const { seed, size, hex } of generatorCheck) assert.equal(generated(seed, size).toString('hex'), hex);
});

test('files of every size around the edges have the CID of every profile', async () => {
  // The generator needs a minute for a gigabyte; the levels of such trees are below, in small.
  const sizes = files.filter(({ size }) => size <= 52_428_800);
  const longest = generated(1, 52_428_800);
  for (const { seed, size, cids } of sizes) {
    const content = seed === 1 ? longest.subarray(0, size) : generated(seed, size);
    for (const [profile, { cid }] of Object.entries(cids)) {
      assert.equal(await utils.getFileHash(inPieces(content), { profile }), cid, `${size} bytes as ${profile}`);
    }
  }
});

test('trees of several levels are built as they should be, and their sizes counted', async () => {
  for (const { profile: name, seed, size, cid, dagSize } of tiny) {
    const hasher = new FileHasher({ ...tinyProfiles[name], name, estimate: 'links' });
    await hasher.push(generated(seed, size));
    const root = await hasher.finish();
    assert.deepEqual([cidText(root.cid), root.dagSize, root.size], [cid, dagSize, size], `${name} ${size}`);
  }
});

test('folders have the CID of every profile', async () => {
  for (const { name, entries, cids } of trees.filter((tree) => tree.entries.length > 0)) {
    const folder = entries.map((entry) => entryOf(entry));
    for (const [profile, { cid }] of Object.entries(cids)) {
      assert.equal(await utils.getFileHash(folder, { profile, wrapWithDirectory: true }), cid, `${name} as ${profile}`);
    }
  }
});

test('large folders are sharded as they should be', async () => {
  for (const { name, count, prefix, seedBase, size, cids } of numbered) {
    const folder = Array.from({ length: count }, (_, index) => ({ path: `${prefix}${String(index).padStart(5, '0')}.txt`, content: generated(seedBase + index, size) }));
    for (const [profile, { cid }] of Object.entries(cids)) {
      assert.equal(await utils.getFileHash(folder, { profile }), cid, `${name} as ${profile}`);
    }
  }
});

test('what IPIP-0499 publishes is computed', async () => {
  for (const { profile, text, chacha, size, cid } of published.files.filter((file) => (file.size ?? 0) < 2 ** 27)) {
    const content = text ?? keyStream(chacha, size);
    assert.equal(await utils.getFileHash(content, { profile }), cid, `${text ?? chacha} as ${profile}`);
  }
});

test('a list with one folder in it is that folder, unless it is to be wrapped', async () => {
  const folder = [{ path: 'site/index.html', content: 'hello world' }];
  const inside = await utils.getFileHash([{ path: 'index.html', content: 'hello world' }], { wrapWithDirectory: true });
  assert.equal(await utils.getFileHash(folder), inside);
  assert.equal(await utils.getFileHash(folder[0]), inside);
  assert.notEqual(await utils.getFileHash(folder, { wrapWithDirectory: true }), inside);
  assert.equal(await utils.getFileHash([{ path: 'index.html', content: 'hello world' }]), await utils.getFileHash('hello world'));
});

test('content may come in every form', async () => {
  const bytes = new TextEncoder().encode('hello world');
  const forms = [
    'hello world',
    bytes,
    bytes.buffer,
    new DataView(bytes.buffer),
    new Blob([bytes]),
    new Blob([bytes]).stream(),
    inPieces(bytes),
    { path: 'a.txt', content: 'hello world' },
    { content: new Blob(['hello ', 'world']) },
    { size: bytes.length, read: () => inPieces(bytes) },
  ];
  for (const [index, form] of forms.entries()) {
    assert.equal(await utils.getFileHash(form), 'Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyfD', `form ${index}`);
  }
});

test('what is no content, and paths that lead elsewhere, are refused', async () => {
  for (const input of [7, {}, undefined, true]) await assert.rejects(utils.getFileHash(input), TypeError, String(input));
  for (const path of ['a/../b', '..', 'a//b', 'a/', 'a/./b', 'a\0b']) {
    await assert.rejects(utils.getFileHash([{ path, content: '' }]), { code: 'bad_path' }, path);
  }
  const twice = [{ path: 'd/a', content: '1' }, { path: 'd/a', content: '2' }];
  await assert.rejects(utils.getFileHash(twice), { code: 'bad_path' });
  await assert.rejects(utils.getFileHash([{ path: 'a', content: '1' }, { path: 'a/b', content: '2' }]), { code: 'bad_path' });
  await assert.rejects(utils.getFileHash([]), { code: 'bad_path' });
});

test('hashing stops when it is told to', async () => {
  const controller = new AbortController();
  const endless = async function* () {
    for (;;) {
      yield new Uint8Array(1 << 20);
      controller.abort(new Error('enough'));
    }
  };
  await assert.rejects(utils.getFileHash(endless(), { signal: controller.signal }), { message: 'enough' });
});

function entryOf({ path, seed, size, text, symlink, directory }) {
  if (symlink !== undefined) return { path, symlink };
  if (directory || seed === undefined) return text === undefined ? { path } : { path, content: text };
  return { path, content: generated(seed, size) };
}

function keyStream(text, size) {
  const key = createHash('sha256').update(text).digest();
  return createCipheriv('chacha20', key, Buffer.alloc(16)).update(Buffer.alloc(size));
}
