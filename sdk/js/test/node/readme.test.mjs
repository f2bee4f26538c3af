// The programs in README.md do what it says they do.

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

async function run(name) {
  writeFileSync(join(folder, name), example(name));
  const env = { ...process.env, TIDEGATE_URL: server.url, TIDEGATE_API_KEY: server.jwt, TIDEGATE_RSA_PRIVATE_KEY: server.privateKey };
  const { stdout } = await promisify(execFile)(process.execPath, [name], { cwd: folder, env });
  return stdout.trim();
}
