// The programs in README.md.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const README = readFileSync(join(import.meta.dirname, '..', '..', 'README.md'), 'utf8');

/** The block whose first line is a comment with this name. */
export function example(name) {
  const blocks = [...README.matchAll(/^```\w+\n(.*?)^```$/gms)].map(([, block]) => block);
  const found = blocks.find((block) => block.split('\n', 1)[0].replace(/^(\/\/|<!--) | -->$/g, '') === name);
  if (!found) throw new Error(`README.md has no example ${name}`);
  return found;
}
