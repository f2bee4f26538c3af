// Our own JavaScript package, built from its source.

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const PACKAGE = join(import.meta.dirname, '..', '..', 'sdk', 'js');

/** Builds the package. */
export function javascriptSdk() {
  execFileSync(join(PACKAGE, 'scripts', 'build'), { stdio: 'inherit' });
}
