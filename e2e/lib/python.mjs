// A Python with ocean-lib in it, in a folder of its own.

import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { need } from '../../bench/lib/programs.mjs';

const E2E = join(import.meta.dirname, '..');
const LIBRARIES = join(E2E, '.python');
const REQUIREMENTS = join(E2E, 'clients', 'requirements.txt');
const INSTALLED = join(LIBRARIES, 'installed.txt');

/** Installs ocean-lib unless it is there, and gives the environment in which `python3` finds it. */
export function oceanPython() {
  const there = existsSync(INSTALLED) && readFileSync(INSTALLED, 'utf8') === readFileSync(REQUIREMENTS, 'utf8');
  if (!there) {
    need('pip3', 'python3-pip');
    // Not a virtual environment: Debian's Python can make none without python3-venv.
    rmSync(LIBRARIES, { recursive: true, force: true });
    const args = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--target', LIBRARIES, '--requirement', REQUIREMENTS];
    execFileSync('python3', args, { stdio: ['ignore', 'inherit', 'inherit'] });
    copyFileSync(REQUIREMENTS, INSTALLED);
  }
  return { ...process.env, PYTHONPATH: LIBRARIES, PYTHONDONTWRITEBYTECODE: '1' };
}
