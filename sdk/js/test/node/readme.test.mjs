// The programs in README.md and docs/sdk.md do what it says they do.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { example } from '../lib/readme.mjs';
import { startServer } from '../lib/server.mjs';

let server;
let folder;
before(async () => {
  server = await startServer();
  folder = server.workshop.path('program');
  mkdirSync(join(folder, 'node_modules', '@tidegate'), { recursive: true });
  symlinkSync(join(import.meta.dirname, '..', '..'), join(folder, 'node_modules', '@tidegate', 'sdk'));
  mkdirSync(join(folder, 'site'));
  writeFileSync(join(folder, 'site', 'index.html'), 'hello');
});
after(() => server?.stop());

test('pin.mjs', async () => {
  const lines = (await run('pin.mjs')).split('\n');
  assert.equal(lines[0], 'Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyfD');
  assert.ok(lines.includes('uploading 100 %'));
  const link = lines.find((line) => line.startsWith('http'));
  assert.equal(await (await fetch(link)).text(), 'hello');
  assert.equal(lines.at(-1), '2 My site');
});

test('errors.mjs', async () => {
  const [first, second] = (await run('errors.mjs')).split('\n');
  assert.equal(first, '401 unauthorized Invalid token');
  assert.match(second, /^[0-9a-f]{32}$/);
});

test('moved.mjs', async () => {
  writeFileSync(join(folder, 'name.txt'), 'hello world');
  const lines = (await run('moved.mjs')).split('\n');
  assert.equal(lines[0], 'Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyfD');
  assert.deepEqual(lines.slice(-3), ['1', 'Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyfD 11', 'queued']);
});

async function run(name) {
  writeFileSync(join(folder, name), example(name));
  const { url, jwt, privateKey } = server;
  const account = { TIDEGATE_URL: url, TIDEGATE_API_KEY: jwt, TIDEGATE_RSA_PRIVATE_KEY: privateKey, JWT: jwt, PRIVATE_KEY: privateKey };
  const env = { ...process.env, ...account };
  const { stdout } = await promisify(execFile)(process.execPath, [name], { cwd: folder, env });
  return stdout.trim();
}
