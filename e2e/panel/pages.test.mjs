// Every page that can be reached by links, on a phone and on a desktop, light and dark, empty and with something on it: it is there, complains of nothing,
// fits, and is clean for keyboards and screen readers.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { furnish } from './lib/furnish.mjs';
import { Site } from './lib/site.mjs';

let site;
let admin;
let beginner;
before(async () => {
  site = await Site.start();
  [admin, beginner] = [await site.admin('admin@example.org'), await site.account('beginner@example.org')];
  await furnish(site, admin);
});
after(() => site?.stop());

for (const [size, scheme] of [['phone', 'light'], ['phone', 'dark'], ['desktop', 'light'], ['desktop', 'dark']]) {
  test(`pages with something on them, on a ${size}, ${scheme}`, async (t) => {
    await lookAround(t, await site.enter(admin, { size, scheme }), `${size}.${scheme}`);
  });
}

test('pages with nothing on them, on a phone', async (t) => {
  await lookAround(t, await site.enter(beginner, { size: 'phone' }), 'empty.phone.light');
});

test('pages for those who are not signed in', async (t) => {
  for (const scheme of ['light', 'dark']) {
    const visitor = await site.visitor({ size: 'phone', scheme });
    await look(t, visitor, '/panel/login', `phone.${scheme}`);
    await look(t, visitor, '/panel/register', `phone.${scheme}`, 403);
    await visitor.leave();
  }
});

/** Follows all links from the first page on, of those that differ but by a number or an id one. */
async function lookAround(t, visitor, kind) {
  const paths = ['/panel'];
  const shapes = new Set(paths);
  while (paths.length > 0) {
    const path = paths.shift();
    await look(t, visitor, path, kind);
    for (const link of await visitor.links()) {
      const shape = shapeOf(link);
      if (!shapes.has(shape)) paths.push(link);
      shapes.add(shape);
    }
  }
  assert.ok(shapes.size > 1, 'the first page leads to others');
  await visitor.leave();
}

function shapeOf(path) {
  return path.replace(/\?.*/, '?').replace(/\/(Qm\w+|baf\w+|[\da-f-]{8,}|\d+)(?=[/?]|$)/g, '/*');
}

async function look(t, visitor, path, kind, status = 200) {
  await t.test(path, async () => {
    await visitor.visit(path, status);
    await visitor.picture(`${shapeOf(path).slice(1).replaceAll(/[^\w]+/g, '-')}.${kind}`);
    await visitor.checkAccess();
    await visitor.checkWidth();
    assert.equal((await visitor.texts('h1')).length, 1, 'a page has one heading of the first level');
    visitor.checkComplaints();
  });
}
