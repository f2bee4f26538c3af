// What people have in front of the panel: Chromium, and what steers it, in a folder of its own.

import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = join(import.meta.dirname, '..', 'panel');
const LOCK = join(FOLDER, 'package-lock.json');
const INSTALLED = join(FOLDER, 'node_modules', '.tidegate-installed');
const CHROMIUM = join(import.meta.dirname, '..', '..', 'sdk', 'js', 'test', 'install');

/** Installs them unless they are there. */
export function panelBrowser() {
  execFileSync(CHROMIUM, { stdio: ['ignore', 'ignore', 'inherit'] });
  if (existsSync(INSTALLED) && readFileSync(INSTALLED, 'utf8') === readFileSync(LOCK, 'utf8')) return;
  execFileSync('npm', ['ci', '--loglevel=error'], { cwd: FOLDER, stdio: ['ignore', 'ignore', 'inherit'] });
  copyFileSync(LOCK, INSTALLED);
}
