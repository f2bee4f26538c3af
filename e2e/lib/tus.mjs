// tus-js-client, in a folder of its own.

import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const FOLDER = join(import.meta.dirname, '..', 'tus');
const LOCK = join(FOLDER, 'package-lock.json');
const INSTALLED = join(FOLDER, 'node_modules', '.tidegate-installed');

/** Installs the client unless it is there. */
export function tusClient() {
  if (existsSync(INSTALLED) && readFileSync(INSTALLED, 'utf8') === readFileSync(LOCK, 'utf8')) return;
  execFileSync('npm', ['ci', '--loglevel=error'], { cwd: FOLDER, stdio: ['ignore', 'ignore', 'inherit'] });
  copyFileSync(LOCK, INSTALLED);
}

/** The client's module, once it is installed. */
export function loadTus() {
  return createRequire(join(FOLDER, 'package.json'))('tus-js-client');
}
