// An account that has been used: pins of what pages show, a request that goes nowhere.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A picture of one pixel. */
const PIXEL = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==', 'base64');
/** Nobody has it. */
const NOWHERE = 'QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG';

/** Fills the account, which was made by `site.account`. */
export async function furnish(site, { apiKey, rsaPrivateKey }) {
  const keys = { TIDEGATE_URL: site.url, TIDEGATE_API_KEY: apiKey, TIDEGATE_RSA_PRIVATE_KEY: rsaPrivateKey };
  const place = site.workshop.path('furniture');
  mkdirSync(join(place, 'A year of tides'), { recursive: true });
  const files = {
    'pixel.png': PIXEL,
    'readings.csv': 'hour,height\n0,0.31\n1,0.30\n',
    'A rather long name of something that somebody has pinned some day.txt': 'long',
    'A year of tides/january.txt': 'high',
  };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(place, name), content);
  const pinned = new Set(Object.keys(files).map((path) => path.split('/', 1)[0]));
  for (const name of pinned) await site.server.command(['pin', join(place, name), name.startsWith('A rather') ? '--private' : '--public'], keys);
  await post(site, apiKey, '/psa/pins', { cid: NOWHERE, name: 'Nobody has it' });
  await post(site, apiKey, '/api/v1/webhooks', { url: 'https://receiver.example.org/tidegate', events: ['pin.pinned'] });
}

async function post(site, apiKey, path, body) {
  const headers = { Authorization: `Bearer ${apiKey}`, 'Content-Type': 'application/json' };
  const answer = await fetch(`${site.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
}
