// From the start of the process to the first request that is served.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startNginx } from '../lib/nginx.mjs';
import { output } from '../lib/programs.mjs';
import { measure, median, ratio } from '../lib/rounds.mjs';
import { Server, untilReady } from '../lib/server.mjs';

export const about = 'from the start of the process to 200 at /readyz, beside nginx to its first file';

const PINS = 100_000;

export async function run(bench) {
  const { rounds, workshop, binaries } = bench;
  const full = workshop.path('full');
  bench.say(`  pinning ${PINS} files`);
  await output(binaries.fill, [full, String(PINS)]);
  const files = workshop.path('files');
  mkdirSync(files);
  writeFileSync(join(files, 'index'), 'ready');

  const startTidegate = (data) => async () => {
    const begun = performance.now();
    const server = await Server.start(bench, data());
    await untilReady(`${server.url}/readyz`);
    const taken = performance.now() - begun;
    await server.stop();
    return taken;
  };
  const nginx = async () => {
    const begun = performance.now();
    const { child } = await startNginx(workshop, files, 'index');
    const taken = performance.now() - begun;
    await workshop.stop(child);
    return taken;
  };
  const times = await measure(
    rounds,
    { empty: startTidegate(() => workshop.path('empty')), full: startTidegate(() => full), nginx },
    { warmUp: true },
  );
  const metric = (name, values) => ({
    name,
    unit: 'ms',
    value: median(values),
    reference: { name: 'nginx', value: median(times.nginx) },
    ratio: ratio(times.nginx, values),
    target: { atMost: 200 },
  });
  return [metric('on an empty folder', times.empty), metric(`on ${PINS} pins`, times.full)];
}
