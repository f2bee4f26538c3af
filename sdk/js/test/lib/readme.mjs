// The programs in README.md and docs/sdk.md.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const PACKAGE = join(import.meta.dirname, '..', '..');
const PAGES = [join(PACKAGE, 'README.md'), join(PACKAGE, '..', '..', 'docs', 'sdk.md')];

/** The block whose first line is a comment with this name. */
export function example(name) {
  const text = PAGES.map((page) => readFileSync(page, 'utf8')).join('\n');
  const blocks = [...text.matchAll(/^```\w+\n(.*?)^```$/gms)].map(([, block]) => block);
  const found = blocks.find((block) => block.split('\n', 1)[0].replace(/^(\/\/|<!--) | -->$/g, '') === name);
  if (!found) throw new Error(`there is no example ${name}`);
  return found;
}
