// Every page that the navigation leads to, on a phone and on a desktop, light and dark: it is there, complains of nothing, fits, and is clean for
// keyboards and screen readers.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Site } from './lib/site.mjs';

/** What can be seen without being signed in. */
const OUTSIDE = ['/panel/login', '/panel/register'];

let site;
before(async () => {
  site = await Site.start();
});
after(() => site?.stop());

for (const [size, scheme] of [['phone', 'light'], ['phone', 'dark'], ['desktop', 'light'], ['desktop', 'dark']]) {
  test(`pages on a ${size}, ${scheme}`, async (t) => {
    const admin = await site.admin(`${size}-${scheme}@example.org`, { size, scheme });
    const nobody = await site.visitor({ size, scheme });
    const paths = await admin.links();
    assert.ok(paths.length > 1, `the navigation leads to ${paths}`);
    const status = { '/panel/register': 403 };
    const all = [...OUTSIDE.map((path) => [nobody, path]), ...paths.map((path) => [admin, path])];
    for (const [visitor, path] of all) {
      await t.test(path, async () => {
        await visitor.visit(path, status[path]);
        await visitor.picture(`${path.slice(1).replaceAll('/', '-')}.${size}.${scheme}`);
        await visitor.checkAccess();
        await visitor.checkWidth();
        assert.equal((await visitor.texts('h1')).length, 1, 'a page has one heading of the first level');
        visitor.checkComplaints();
      });
    }
    await admin.leave();
    await nobody.leave();
  });
}
