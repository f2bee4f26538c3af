// Large downloads through the Provider: the speed of 1 GiB, beside nginx with the same file, and the memory that 20 GiB take.

import { closeSync, ftruncateSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { GIB, writeNewFile } from '../lib/content.mjs';
import { download } from '../lib/load.mjs';
import { measure, median, ratio } from '../lib/rounds.mjs';
import { Sale } from '../lib/sale.mjs';

const HUGE = 20 * GIB;

export const about = 'downloads of 1 GiB, beside nginx with the same file, and memory during one of 20 GiB';

export async function run(bench) {
  const sale = await Sale.open(bench, { TIDEGATE_FETCH_SIZE: String(HUGE) });
  const [large, huge] = [join(sale.files, 'large'), join(sale.files, 'huge')];
  writeNewFile(large, GIB);
  const sparse = openSync(huge, 'wx');
  ftruncateSync(sparse, HUGE);
  closeSync(sparse);

  const origin = (name) => ({ type: 'url', url: `${sale.nginx.url}/${name}`, method: 'GET' });
  const asset = await sale.market.publish(sale.seller, [await sale.pinned(large), origin('large'), origin('huge')]);
  const [{ signer, tx }] = await sale.buyers(asset, 1);
  const signed = (fileIndex) => {
    const parameters = sale.market.downloadOf(asset, tx, signer, { fileIndex, sign: (_, text) => signer.sign(text) });
    return `${sale.url}/download?${new URLSearchParams(parameters)}`;
  };
  const compare = async (name, fileIndex, target) => {
    bench.say(`  ${name}`);
    const contenders = { tidegate: () => download(signed(fileIndex), GIB), nginx: () => download(`${sale.nginx.url}/large`, GIB) };
    const { tidegate, nginx } = await measure(bench.rounds, contenders, { warmUp: true });
    return { name, unit: 'MiB/s', value: median(tidegate), reference: { name: 'nginx', value: median(nginx) }, ratio: ratio(tidegate, nginx), target };
  };
  const metrics = [
    await compare('1 GiB, pinned here', 0, { ratioAtLeast: 0.7 }),
    // The file is sent twice on the same machine: from nginx to us, and on.
    await compare('1 GiB, from nginx through us', 1),
  ];

  // What earlier downloads took is not counted.
  await sale.stack.provider.stop();
  await sale.stack.provider.start();
  bench.say('  20 GiB');
  const speed = await download(signed(2), HUGE);
  metrics.push({ name: 'most memory, during 20 GiB', unit: 'MiB', value: sale.memory('VmHWM'), target: { atMost: 60 } });
  metrics.push({ name: '20 GiB, sparse, from nginx through us', unit: 'MiB/s', value: speed });
  await sale.close();
  return metrics;
}
