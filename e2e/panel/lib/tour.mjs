// A walk through pages by their links: each is there, complains of nothing, fits, and is clean for keyboards and screen readers.

import assert from 'node:assert/strict';

/** Follows all links from the page at `below` on that lead below it, of those that differ but by a number or an id one. `kind` is part of the pictures' names. */
export async function tour(t, visitor, kind, below = '/panel') {
  const paths = [below];
  const shapes = new Set(paths);
  while (paths.length > 0) {
    const path = paths.shift();
    await look(t, visitor, path, kind);
    for (const link of await visitor.links()) {
      const shape = shapeOf(link);
      if (!link.startsWith(below) || shapes.has(shape)) continue;
      paths.push(link);
      shapes.add(shape);
    }
  }
  assert.ok(shapes.size > 1, 'the first page leads to others');
}

/** Looks at one page. */
export async function look(t, visitor, path, kind, status = 200) {
  await t.test(path, async () => {
    await visitor.visit(path, status);
    await visitor.picture(`${shapeOf(path).slice(1).replaceAll(/[^\w]+/g, '-')}.${kind}`);
    await visitor.checkAccess();
    await visitor.checkWidth();
    assert.equal((await visitor.texts('h1')).length, 1, 'a page has one heading of the first level');
    visitor.checkComplaints();
  });
}

function shapeOf(path) {
  return path.replace(/\?.*/, '?').replace(/\/(Qm\w+|baf\w+|[\da-f-]{8,}|\d+)(?=[/?]|$)/g, '/*');
}
