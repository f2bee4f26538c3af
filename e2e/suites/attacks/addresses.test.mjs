// A server that may fetch from public addresses alone, and this machine's own address in every spelling.

import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { after, before, test } from 'node:test';
import { FileServer } from '../../lib/file-server.mjs';
import { Market } from '../../lib/market.mjs';
import { urlFile } from '../../lib/ocean-js.mjs';
import { Stack } from '../../lib/stack.mjs';

const HOSTS = [
  '127.0.0.1', '127.1', '127.0.1', '127.255.255.254', '0', '0.0.0.0', '2130706433', '0x7f000001', '0x7f.1', '0177.0.0.1', '017700000001',
  'localhost', 'LOCALHOST', 'localhost.', 'user:password@127.0.0.1', '127.0.0.1.', '１２７.0.0.1', '①②⑦.⓪.⓪.①', '127。0。0。1',
  '[::1]', '[0:0:0:0:0:0:0:1]', '[::]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[::127.0.0.1]', '[64:ff9b::7f00:1]', '[64:ff9b::127.0.0.1]',
  hostname(),
];
let stack;
let inner;
let market;

before(async () => {
  stack = await Stack.start({ settings: { ALLOW_NON_PUBLIC_IP: 'False' } });
  inner = await FileServer.start({ everywhere: true });
  inner.offer('/secret', 'what must stay inside');
  market = new Market(stack);
});
after(async () => {
  await inner?.stop();
  await stack?.stop();
});

test('fileinfo does not reach inwards, and says nothing of why', async () => {
  for (const host of HOSTS) {
    const answer = await stack.provider.post('fileinfo', { ...urlFile(secretAt(host)), checksum: true });
    if (answer.status === 200) assert.deepEqual(await answer.json(), [{ index: 0, type: 'url', valid: false }], host);
    else assert.ok(answer.status >= 400 && answer.status < 500, `${host}: ${answer.status}`);
  }
  assert.deepEqual(inner.requests, []);
});

test('neither do other schemes', async () => {
  for (const url of ['file:///etc/passwd', 'ftp://127.0.0.1/secret', 'gopher://127.0.0.1/', 'data:text/plain,secret', '//127.0.0.1/secret', '/etc/passwd']) {
    const answer = await stack.provider.post('fileinfo', urlFile(url));
    const text = await answer.text();
    assert.ok((answer.status >= 400 && answer.status < 500) || text.includes('"valid":false'), `${url}: ${answer.status} ${text}`);
  }
});

test('a sold file is not fetched from inside either', async () => {
  const seller = await stack.chain.newWallet();
  const buyer = await stack.chain.newWallet();
  const asset = await market.publish(seller, HOSTS.map((host) => urlFile(secretAt(host))));
  const { hash } = await market.order(asset, buyer);
  for (const [fileIndex, host] of HOSTS.entries()) {
    const answer = await market.download(asset, hash, buyer, { fileIndex });
    const text = await answer.text();
    assert.ok(answer.status >= 400 && answer.status !== 500, `${host}: ${answer.status} ${text}`);
    assert.ok(!text.includes('must stay inside') && !text.includes('/secret'), `${host}: ${text}`);
  }
  assert.deepEqual(inner.requests, []);
});

function secretAt(host) {
  return `http://${host}:${new URL(inner.url).port}/secret`;
}
