// Every page that can be reached by links, on a phone and on a desktop, light and dark, empty and with something on it: it is there, complains of nothing,
// fits, and is clean for keyboards and screen readers.

import { after, before, test } from 'node:test';
import { furnish } from './lib/furnish.mjs';
import { Site } from './lib/site.mjs';
import { look, tour } from './lib/tour.mjs';

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
    const visitor = await site.enter(admin, { size, scheme });
    await tour(t, visitor, `${size}.${scheme}`);
    await visitor.leave();
  });
}

test('pages with nothing on them, on a phone', async (t) => {
  const visitor = await site.enter(beginner, { size: 'phone' });
  await tour(t, visitor, 'empty.phone.light');
  await visitor.leave();
});

test('pages for those who are not signed in', async (t) => {
  for (const scheme of ['light', 'dark']) {
    const visitor = await site.visitor({ size: 'phone', scheme });
    await look(t, visitor, '/panel/login', `phone.${scheme}`);
    await look(t, visitor, '/panel/register', `phone.${scheme}`, 403);
    await visitor.leave();
  }
});
