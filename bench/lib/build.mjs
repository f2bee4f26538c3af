// The binaries that are measured, built for release.

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const REPOSITORY = join(import.meta.dirname, '..', '..');

/** Builds the server and the programs that help to measure it; gives their paths. */
export async function buildServer() {
  cargo(['build', '--release', '--locked', '-p', 'tidegate', '--bin', 'tidegate', '--example', 'fill']);
  cargo(['build', '--release', '--locked', '-p', 'tidegate-content', '--example', 'import_speed']);
  const metadata = JSON.parse(cargo(['metadata', '--no-deps', '--format-version', '1']));
  const release = join(metadata.target_directory, 'release');
  return {
    tidegate: join(release, 'tidegate'),
    fill: join(release, 'examples', 'fill'),
    importSpeed: join(release, 'examples', 'import_speed'),
  };
}

function cargo(args) {
  return execFileSync('cargo', args, { cwd: REPOSITORY, encoding: 'utf8', maxBuffer: 64 << 20, stdio: ['ignore', 'pipe', 'inherit'] });
}
