// Makes dist/tidegate.min.js: everything for browsers as one module, for pages that are built without tools.

import { join } from 'node:path';
import { build } from 'esbuild';

const PACKAGE = join(import.meta.dirname, '..');

await build({
  entryPoints: [join(PACKAGE, 'dist', 'index.js')],
  outfile: join(PACKAGE, 'dist', 'tidegate.min.js'),
  bundle: true,
  minify: true,
  format: 'esm',
  platform: 'browser',
  target: 'es2022',
  legalComments: 'none',
});
