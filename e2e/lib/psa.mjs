// The compliance suite of the Pinning Service API, in a folder of its own: it brings five hundred packages.

import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const FOLDER = join(import.meta.dirname, '..', 'psa');
const SUITE = join(FOLDER, 'node_modules', '@ipfs-shipyard', 'pinning-service-compliance', 'dist');

/** Runs the suite against the service at `url`, and gives what it counted and what it says. */
export async function checkCompliance(url, token) {
  const reports = join(SUITE, 'docs');
  mkdirSync(reports, { recursive: true });
  const args = ['--import', join(FOLDER, 'hook.mjs'), join(SUITE, 'src', 'index.js'), '-s', url, token];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: FOLDER, maxBuffer: 1 << 24 });
  const counted = JSON.parse(readFileSync(join(reports, `${new URL(url).hostname}.json`), 'utf8'));
  return { ...counted, says: stdout };
}
