// The copy of the package that the server has in its panel.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const PACKAGE = join(import.meta.dirname, '..', '..');
const COPY = join(PACKAGE, '..', '..', 'crates', 'tidegate', 'assets', 'panel', 'tidegate-sdk.js');

test('the panel’s copy is what the sources give', () => {
  const built = readFileSync(join(PACKAGE, 'dist', 'panel.min.js'));
  assert.ok(readFileSync(COPY).equals(built), 'it is another one: run sdk/js/scripts/bundle-for-panel, and commit what it changes');
});
