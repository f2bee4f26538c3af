// Makes dist/tidegate.min.js: everything for browsers as one module, for pages that are built without tools. And dist/panel.min.js: what the server's
// own panel uploads with, which is part of its repository since the server is built without Node.

import { join } from 'node:path';
import { build } from 'esbuild';

const PACKAGE = join(import.meta.dirname, '..');

/** How both are made. */
const SMALL = { bundle: true, minify: true, format: 'esm', platform: 'browser', target: 'es2022', legalComments: 'none' };

await build({ ...SMALL, entryPoints: [join(PACKAGE, 'dist', 'index.js')], outfile: join(PACKAGE, 'dist', 'tidegate.min.js') });
await build({
  ...SMALL,
  stdin: { contents: "export { create, TidegateError, utils } from './dist/index.js';", resolveDir: PACKAGE },
  outfile: join(PACKAGE, 'dist', 'panel.min.js'),
  banner: { js: '// Made from sdk/js by sdk/js/scripts/bundle-for-panel. Change the sources there.' },
});
