// The package as others get it: its size, its types, and both ways to load it.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { build } from 'esbuild';

const PACKAGE = join(import.meta.dirname, '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'tidegate-sdk-'));
mkdirSync(join(folder, 'node_modules', '@tidegate'), { recursive: true });
symlinkSync(PACKAGE, join(folder, 'node_modules', '@tidegate', 'sdk'));
after(() => rmSync(folder, { recursive: true }));

test('the bundle for browsers is below 40 KB and has nothing of Node', () => {
  const bundle = readFileSync(join(PACKAGE, 'dist', 'tidegate.min.js'), 'utf8');
  assert.ok(Buffer.byteLength(bundle) < 40_000, `${Buffer.byteLength(bundle)} bytes`);
  assert.doesNotMatch(bundle, /node:|require\(|\beval\(|new Function/);
});

test('what uses little of it carries little of it', async () => {
  const entry = join(folder, 'little.mjs');
  writeFileSync(entry, "import { utils } from '@tidegate/sdk'; console.log(await utils.getFileHash('text'));");
  const { outputFiles } = await build({ entryPoints: [entry], bundle: true, minify: true, format: 'esm', platform: 'browser', write: false });
  assert.ok(outputFiles[0].contents.length < 20_000, `${outputFiles[0].contents.length} bytes`);
});

test('it is imported, and required where Node can', () => {
  const run = (name, source) => {
    const file = join(folder, name);
    writeFileSync(file, source);
    return execFileSync(process.execPath, [file], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  };
  const shown = 'console.log(Object.keys(sdk).sort().join())';
  const expected = 'Access,Client,Download,TidegateError,chooseFile,configure,create,listEndpoints,token,utils';
  assert.equal(run('a.mjs', `import * as sdk from '@tidegate/sdk'; ${shown}`), expected);
  if (process.features.require_module) assert.equal(run('a.cjs', `const sdk = require('@tidegate/sdk'); ${shown}`), expected);
  assert.match(run('b.mjs', `import * as sdk from '@tidegate/sdk/node'; ${shown}`), /fromPath.*saveTo/);
});

test('a program in strict TypeScript compiles with its types', () => {
  const program = `
    import { Access, create, listEndpoints, TidegateError, token, utils, type PinRes, type Wallet } from '@tidegate/sdk';
    declare const wallet: Wallet;
    export async function main(file: File): Promise<string> {
      const [endpoint] = await listEndpoints({ zone: 'cn', jwt: 'key' });
      const client = create({ url: endpoint?.apiHost, jwt: 'key', privateKey: 'key', storage: localStorage });
      const pinned: PinRes = await client.pinFile(file, { onProgress: (fraction, { phase }) => console.log(phase, fraction), profile: 'unixfs-v1-2025' });
      await client.pinFile('text', (fraction) => console.log(fraction.toFixed()), new AbortController());
      await client.pinFile([{ path: 'a/b', content: new Uint8Array() }], { visibility: 'private' });
      for await (const bytes of await new Access({ url: 'https://a', signer: wallet }).download({ documentId: '', serviceId: '', transferTxId: '' })) bytes.length;
      await token.getToken({ jwt: 'key' });
      try {
        return await utils.getFileHash(file);
      } catch (error) {
        if (error instanceof TidegateError && error.status === 429) return String(error.retryAfter);
        // @ts-expect-error there is no such option
        await client.pinFile(file, { colour: 'red' });
        throw error;
      } finally {
        pinned.PinSize.toFixed();
      }
    }`;
  writeFileSync(join(folder, 'program.mts'), program);
  const tsc = join(PACKAGE, 'node_modules', 'typescript', 'bin', 'tsc');
  const flags = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2022', '--lib', 'es2022,dom', '--types', ''];
  execFileSync(process.execPath, [tsc, ...flags, 'program.mts'], { cwd: folder, encoding: 'utf8', stdio: 'pipe' });
});
