// The importer alone: memory to CID, beside SHA-256 over the same bytes.

import { output } from '../lib/programs.mjs';

export const about = 'content in memory to its CID, beside SHA-256 alone';

export async function run({ binaries, rounds }) {
  const report = JSON.parse(await output(binaries.importSpeed, ['--json', '--rounds', String(rounds)]));
  const sha = report.sha256_mib_per_second;
  const relative = report.speed_relative_to_sha256;
  const metric = (name, variant, target) => ({
    name,
    unit: 'MiB/s',
    value: sha * relative[variant],
    reference: { name: 'SHA-256, one thread', value: sha },
    ratio: relative[variant],
    target,
  });
  return [
    metric('one thread', 'v0 inline', { ratioAtLeast: 0.85 }),
    metric('all cores', 'v0 all cores', { ratioAtLeast: 1.7 }),
    metric('all cores, pieces of 16 KiB', 'v0 all cores, pushes of 16 KiB'),
    metric('all cores, blocks of 1 MiB', 'v1 all cores'),
    metric('SHA-256 alone, all cores (the bound)', 'SHA-256 alone, all cores'),
  ];
}
