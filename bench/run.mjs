// The command line of the benchmarks: which suites, in what folder, printed how. What is measured is in suites/.

import { parseArgs } from 'node:util';
import { buildServer } from './lib/build.mjs';
import { machineFacts, loadAverage } from './lib/machine.mjs';
import { printReport } from './lib/report.mjs';
import { Workshop } from './lib/workshop.mjs';
import * as gateway from './suites/gateway.mjs';
import * as importSpeed from './suites/import.mjs';
import * as many from './suites/many.mjs';
import * as memory from './suites/memory.mjs';
import * as pinFile from './suites/pin-file.mjs';
import * as provider from './suites/provider.mjs';
import * as providerLarge from './suites/provider-large.mjs';
import * as smallPins from './suites/small-pins.mjs';
import * as start from './suites/start.mjs';

const SUITES = { import: importSpeed, 'pin-file': pinFile, gateway, memory, 'small-pins': smallPins, many, start, provider, 'provider-large': providerLarge };

const HELP = `Usage: bench/run [NAME...] [--json] [--rounds N] [--dir DIR]

Builds the release binary and measures it beside other programs, in interleaved rounds of one run. A ratio is taken
within each round and its median is printed, so a busy machine slows both sides of it.

${Object.entries(SUITES).map(([name, suite]) => `  ${name.padEnd(14)} ${suite.about}`).join('\n')}

  --json       print one JSON value instead of tables
  --rounds N   rounds for each comparison [default: 5]
  --dir DIR    where content and data folders are made and removed again [default: the system's temporary folder];
               the file system there is what is measured; ${memory.DISK_GIB} GiB must be free
`;

const { values: options, positionals: names } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '5' },
    dir: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

if (options.help) {
  process.stdout.write(HELP);
  process.exit(0);
}
const rounds = Number(options.rounds);
const unknown = names.filter((name) => !(name in SUITES));
if (unknown.length > 0 || !Number.isInteger(rounds) || rounds < 1) {
  const problem = unknown.length > 0 ? `no benchmark is named ${unknown.join(', ')}` : '--rounds needs a number, as in --rounds 5';
  process.stderr.write(`bench/run: ${problem}\n\n${HELP}`);
  process.exit(2);
}

const workshop = new Workshop(options.dir);
const bench = { rounds, workshop, binaries: await buildServer(), say: (text) => process.stderr.write(`${text}\n`) };
const report = { machine: machineFacts(workshop.dir), rounds, suites: {} };
for (const name of names.length > 0 ? names : Object.keys(SUITES)) {
  bench.say(`${name}: ${SUITES[name].about}`);
  const before = loadAverage();
  const metrics = await SUITES[name].run(bench);
  report.suites[name] = { about: SUITES[name].about, loadBefore: before, metrics };
  await workshop.clear();
}
printReport(report, options.json);
