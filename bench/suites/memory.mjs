// What the server holds in memory: at rest, and while large uploads run.

import { GIB, cidOf, pseudorandom } from '../lib/content.mjs';
import { Server, untilReady } from '../lib/server.mjs';
import { connections, form, uploadPieces } from '../lib/upload.mjs';

export const about = 'memory of the server process, at rest and during eight uploads of 2 GiB';

const UPLOADS = 8;
const SIZE = 2 * GIB;
export const DISK_GIB = (UPLOADS * SIZE) / GIB + 2;

export async function run(bench) {
  const server = await Server.start(bench);
  await untilReady(`${server.url}/readyz`);
  const idle = server.memory('VmRSS');

  const account = await server.account();
  const seeds = Array.from({ length: UPLOADS }, (_, upload) => Buffer.alloc(16, upload));
  const cids = [];
  bench.say(`  hashing ${UPLOADS} x ${SIZE / GIB} GiB`);
  for (const seed of seeds) cids.push(await cidOf(bench.binaries, pseudorandom(seed, SIZE)));

  bench.say('  uploading');
  const agent = connections(UPLOADS);
  const start = performance.now();
  await Promise.all(
    seeds.map((seed, upload) => {
      const cid = cids[upload];
      return uploadPieces(server, account, form(cid, account.sign(cid)), pseudorandom(seed, SIZE), SIZE, agent);
    }),
  );
  const seconds = (performance.now() - start) / 1000;
  agent.destroy();
  return [
    { name: 'after the start', unit: 'MiB', value: idle, target: { atMost: 40 } },
    { name: 'most, during eight uploads', unit: 'MiB', value: server.memory('VmHWM'), target: { atMost: 150 } },
    { name: 'all eight uploads together', unit: 'MiB/s', value: (UPLOADS * SIZE) / (1 << 20) / seconds },
  ];
}
