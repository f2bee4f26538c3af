// Packages that single suites use, each set in a folder of its own.

import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const E2E = join(import.meta.dirname, '..');

/** Installs the packages of a folder unless they are there. */
export function installPackages(folder) {
  execFileSync(join(E2E, 'install'), [folder], { stdio: ['ignore', 'ignore', 'inherit'] });
}

/** A package of a folder, once it is installed. */
export function installed(folder, name) {
  return createRequire(join(E2E, folder, 'package.json'))(name);
}
