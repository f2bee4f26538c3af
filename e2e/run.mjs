// The command line of the end-to-end suites: which suites, with which binary.

import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { buildBinary } from './lib/binary.mjs';
import { chromium } from './lib/chromium.mjs';
import { installPackages } from './lib/packages.mjs';
import { oceanPython } from './lib/python.mjs';
import { javascriptSdk } from './lib/sdk.mjs';

/** Each suite with what it is about, the folder of packages that it alone has, and what else has to be there. */
const SUITES = {
  'ocean-js-3': { about: 'ocean.js 3.4.6 publishes, sells, buys and downloads; 3.1.3, 4.3.7 and 5.1.3 download' },
  'ocean-js-8': { about: "ocean.js 8.6.2 and 6.1.2: the node's dialect, its tokens, and signatures over shortened hashes" },
  'ocean-py': { about: 'ocean-lib 3.1.2 publishes, orders and downloads', prepare: oceanPython },
  'chain-proof': { about: 'downloads that are announced on the chain' },
  attacks: { about: 'orders, signatures, tokens, addresses and faults that must open nothing', folder: 'attacks' },
  psa: { about: 'the compliance suite of the Pinning Service API', packages: 'psa' },
  s3: { about: 'objects by presigned URLs, and webhooks as their receivers check them', packages: 's3' },
  tus: { about: 'tus-js-client uploads, and goes on after the server was killed', packages: 'tus' },
  sale: { about: 'pinned private content is sold, and stays private' },
  sdk: { about: 'our own JavaScript package pins, sells, buys and downloads', prepare: javascriptSdk },
  panel: { about: 'people use the panel in Chromium', packages: 'panel', prepare: chromium, folder: join('..', 'panel') },
};

const HELP = `Usage: e2e/run [NAME...]

Starts a chain with Ocean's contracts, a metadata cache, a file server and Tidegate, and lets real clients use them.

${Object.entries(SUITES).map(([name, { about }]) => `  ${name.padEnd(12)} ${about}`).join('\n')}

TIDEGATE_BIN names the binary to test; without it, a debug build is made. Nothing leaves this machine but what installs
packages.
`;

const names = process.argv.slice(2);
if (names.includes('--help') || names.includes('-h')) {
  process.stdout.write(HELP);
  process.exit(0);
}
const unknown = names.filter((name) => !(name in SUITES));
if (unknown.length > 0) {
  process.stderr.write(`e2e/run: no suite is named ${unknown.join(', ')}\n\n${HELP}`);
  process.exit(2);
}

const chosen = names.length > 0 ? names : Object.keys(SUITES);
for (const { packages, prepare } of chosen.map((name) => SUITES[name])) {
  if (packages) installPackages(packages);
  prepare?.();
}
buildBinary();
const suites = join(import.meta.dirname, 'suites');
const files = chosen.flatMap((name) => {
  const { folder } = SUITES[name];
  if (!folder) return [join(suites, `${name}.test.mjs`)];
  return readdirSync(join(suites, folder)).filter((file) => file.endsWith('.test.mjs')).map((file) => join(suites, folder, file));
});
// One suite after the other: each starts servers of its own, and a machine may have two cores.
const { status } = spawnSync(process.execPath, ['--test', '--test-concurrency=1', '--test-reporter=spec', ...files], { stdio: 'inherit' });
process.exit(status ?? 1);
