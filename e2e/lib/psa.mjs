// The compliance suite of the Pinning Service API, in a folder of its own: it brings five hundred packages.

import { execFile, execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const FOLDER = join(import.meta.dirname, '..', 'psa');
const LOCK = join(FOLDER, 'package-lock.json');
const INSTALLED = join(FOLDER, 'node_modules', '.tidegate-installed');
const SUITE = join(FOLDER, 'node_modules', '@ipfs-shipyard', 'pinning-service-compliance', 'dist');

/** Installs the suite unless it is there. */
export function complianceSuite() {
  if (existsSync(INSTALLED) && readFileSync(INSTALLED, 'utf8') === readFileSync(LOCK, 'utf8')) return;
  execFileSync('npm', ['ci', '--loglevel=error'], { cwd: FOLDER, stdio: ['ignore', 'ignore', 'inherit'] });
  copyFileSync(LOCK, INSTALLED);
}

/** Runs the suite against the service at `url`, and gives what it counted and what it says. */
export async function checkCompliance(url, token) {
  const reports = join(SUITE, 'docs');
  mkdirSync(reports, { recursive: true });
  const args = ['--import', join(FOLDER, 'hook.mjs'), join(SUITE, 'src', 'index.js'), '-s', url, token];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: FOLDER, maxBuffer: 1 << 24 });
  const counted = JSON.parse(readFileSync(join(reports, `${new URL(url).hostname}.json`), 'utf8'));
  return { ...counted, says: stdout };
}
