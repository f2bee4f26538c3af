// The command line of the package's tests.

import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { buildBinary } from '../../../e2e/lib/binary.mjs';

const PACKAGE = join(import.meta.dirname, '..');

const HELP = `Usage: sdk/js/test/run [NAME...]

Builds the package, its bundle and the server, and runs the tests: all, or those of the files whose names contain a NAME.

TIDEGATE_BIN names the server to test with; without it, a debug build is made. CHROMIUM_BIN names the browser, else /usr/bin/chromium.
`;

const names = process.argv.slice(2);
if (names.includes('--help') || names.includes('-h')) {
  process.stdout.write(HELP);
  process.exit(0);
}

buildBinary();
const all = ['node', 'browser'].flatMap((folder) => readdirSync(join(import.meta.dirname, folder)).map((file) => join(import.meta.dirname, folder, file)));
const files = all.filter((file) => file.endsWith('.test.mjs') && (names.length === 0 || names.some((name) => file.includes(name))));
if (files.length === 0) {
  process.stderr.write(`sdk/js/test/run: no file of tests is named ${names.join(', ')}\n`);
  process.exit(2);
}
// One file after the other: each starts a server of its own, and a machine may have two cores.
const { status } = spawnSync(process.execPath, ['--test', '--test-concurrency=1', '--test-reporter=spec', ...files], { cwd: PACKAGE, stdio: 'inherit' });
process.exit(status ?? 1);
