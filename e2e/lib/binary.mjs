// Which binary is tested: the one that TIDEGATE_BIN names, else a debug build of this repository.

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const REPOSITORY = join(import.meta.dirname, '..', '..');

/** The path of the binary. It must be built: `buildBinary` does, and `e2e/run` calls that first. */
export function tidegateBinary() {
  if (!process.env.TIDEGATE_BIN) throw new Error('TIDEGATE_BIN names no binary; run this by e2e/run');
  return process.env.TIDEGATE_BIN;
}

/** Builds the server unless TIDEGATE_BIN names one, and lets TIDEGATE_BIN name it from then on. */
export function buildBinary() {
  if (process.env.TIDEGATE_BIN) return;
  const options = { cwd: REPOSITORY, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 64 << 20 };
  const built = execFileSync('cargo', ['build', '--locked', '-p', 'tidegate', '--bin', 'tidegate', '--message-format', 'json-render-diagnostics'], options);
  const artifacts = built.trim().split('\n').map((line) => JSON.parse(line));
  process.env.TIDEGATE_BIN = artifacts.find((one) => one.executable && one.target.name === 'tidegate').executable;
}
