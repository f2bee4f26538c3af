// ocean-lib 3.1.2, the Python client, from publishing to downloading. Its documents are compressed before they are encrypted.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { oceanPython } from '../lib/python.mjs';
import { Stack } from '../lib/stack.mjs';

const CLIENT = join(import.meta.dirname, '..', 'clients', 'ocean-py.py');
const readings = randomBytes(100_000);
let stack;

before(async () => {
  stack = await Stack.start();
});
after(() => stack?.stop());

test('published files are bought and downloaded', async () => {
  const folder = stack.workshop.path('downloads');
  mkdirSync(folder);
  const [publisher, buyer] = [await stack.chain.newWallet(), await stack.chain.newWallet()];
  const sold = await oceanPy({
    chain: stack.chain.url,
    provider: stack.provider.url,
    cache: stack.cache.url,
    publisher: publisher.privateKey,
    buyer: buyer.privateKey,
    url: stack.files.offer('/readings.csv', readings),
    folder,
  });
  assert.deepEqual(stack.cache.failures, []);
  assert.equal(sold.length, 2);
  for (const { path } of sold) {
    const file = statSync(path).isDirectory() ? join(path, readdirSync(path)[0]) : path;
    assert.ok(readFileSync(file).equals(readings), `${file} holds what was sold`);
  }
});

/** Runs the client to its end and gives what it answers. */
async function oceanPy(settings) {
  const child = spawn('python3', [CLIENT], { stdio: ['pipe', 'pipe', 'pipe'], env: { ...oceanPython(), ADDRESS_FILE: stack.addressFile } });
  child.stdin.end(JSON.stringify(settings));
  const said = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr']) {
    child[stream].on('data', (text) => {
      said[stream] += text;
    });
  }
  const code = await new Promise((resolve) => child.once('close', resolve));
  assert.equal(code, 0, said.stderr);
  return JSON.parse(said.stdout);
}
