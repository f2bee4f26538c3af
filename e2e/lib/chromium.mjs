// The browser of the suites whose people have one.

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const INSTALL = join(import.meta.dirname, '..', '..', 'sdk', 'js', 'test', 'install');

/** Installs Chromium unless it is there. */
export function chromium() {
  execFileSync(INSTALL, { stdio: ['ignore', 'ignore', 'inherit'] });
}
