// Tokens and repeated calls, with a server that counts.

import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { configure, create, listEndpoints, token, utils } from '@tidegate/sdk';
import { vectors } from '../lib/content.mjs';
import { bodyOf, json, listen } from '../lib/listen.mjs';

const [{ privateKey }] = vectors('cid-signatures').keys;
let server;
/** What the server answers: functions, used one after the other, then the default. */
let script;
let seen;
let issued;
let lifetime;
before(async () => {
  server = await listen(async (request, response) => {
    const call = { method: request.method, url: request.url, token: request.headers.useraccesstoken, body: await bodyOf(request) };
    if (request.url === '/oauth/accessToken') {
      issued += 1;
      return json(response, 200, { Code: 200, Data: jwt(issued, lifetime) });
    }
    seen.push(call);
    const next = script.shift();
    return next ? next(response, request) : json(response, 200, { Count: 0, Pins: [], Jobs: [] });
  });
});
after(() => server?.stop());
beforeEach(() => {
  token.clearToken();
  [script, seen, issued, lifetime] = [[], [], 0, 7200];
});

test('a token is asked for once, however many need it at once, and kept', async () => {
  await Promise.all(Array.from({ length: 5 }, (_, at) => client().pinByHash(`Qm${at}`)));
  await client().pinFile('text');
  assert.equal(issued, 1);
  const account = { baseUrl: server.url, jwt: 'key' };
  await token.getToken(account);
  assert.equal(issued, 1);
  await token.getToken({ ...account, force: true });
  assert.equal(issued, 2);
});

test('a page without an API key gives tokens itself, again when one is refused', async () => {
  let given = 0;
  const accessToken = async () => jwt((given += 1), 7200);
  const page = client({ jwt: undefined, accessToken });
  await Promise.all([page.pinByHash('Qm1'), page.pinByHash('Qm2')]);
  assert.deepEqual([given, issued], [1, 0]);
  script = [(response) => json(response, 401, { Code: 401, Message: 'Invalid token' })];
  await page.pinFile('text');
  assert.deepEqual([given, issued, seen.at(-1).token], [2, 0, jwt(2, 7200)]);
  await assert.rejects(page.pinList(), { code: 'configuration', message: /jwt/ });
  await assert.rejects(client({ jwt: undefined, accessToken: () => Promise.reject(new Error('signed out')) }).pinFile('text'), { message: 'signed out' });
});

test('a token that ends soon is not kept, and a text that is no JWT is for a while', async () => {
  lifetime = 60;
  await client().pinByHash('Qm');
  await client().pinByHash('Qm');
  assert.equal(issued, 2);
  lifetime = undefined;
  token.clearToken();
  await client().pinByHash('Qm');
  await client().pinByHash('Qm');
  assert.equal(issued, 3);
});

test('a refused token is replaced once', async () => {
  const refuse = (response) => json(response, 401, { Code: 401, Message: 'Invalid token' });
  script = [refuse];
  await client().pinByHash('Qm');
  assert.deepEqual([issued, seen.length], [2, 2]);
  assert.notEqual(seen[0].token, seen[1].token);
  script = [refuse, refuse];
  await assert.rejects(client().pinByHash('Qm'), { status: 401, code: 'unauthorized' });
  assert.equal(issued, 3);
});

test('one who stops waiting for a token does not take it from the others', async () => {
  const controller = new AbortController();
  const stopped = client().pinByHash('Qm1', { signal: controller.signal });
  const other = client().pinByHash('Qm2');
  controller.abort(new Error('stopped'));
  await assert.rejects(stopped, { message: 'stopped' });
  await other;
  assert.deepEqual([issued, seen.length], [1, 1]);
});

test('calls that change nothing are repeated while the server is busy or away', async () => {
  script = [
    (response) => json(response, 429, {}, { 'Retry-After': '0' }),
    (response) => json(response, 503, {}, { 'Retry-After': 'Thu, 01 Jan 1970 00:00:00 GMT' }),
    (response) => json(response, 502, {}),
    (response) => response.socket.destroy(),
  ];
  await client().pinList();
  assert.equal(seen.length, 5);
  script = Array.from({ length: 3 }, () => (response) => json(response, 503, {}, { 'Retry-After': '0' }));
  await assert.rejects(client({ retries: 2 }).pinJobs(), { status: 503, code: 'unavailable', retryAfter: 0 });
});

test('a server that wants us to wait long is not waited for', async () => {
  script = [(response) => json(response, 429, { Code: 429, Message: 'Slow down' }, { 'Retry-After': '3600', 'X-Request-Id': 'abc' })];
  await assert.rejects(client().pinList(), { status: 429, code: 'rate_limited', retryAfter: 3600, requestId: 'abc', message: 'Slow down' });
});

test('a file that was refused in passing is sent again, a request for a job is not', async () => {
  script = [(response) => json(response, 503, {}, { 'Retry-After': '0' })];
  await client().pinFile('text');
  assert.ok(seen[1].body.includes('\r\n\r\ntext\r\n'));
  script = [(response) => json(response, 503, {}, { 'Retry-After': '0' })];
  await assert.rejects(client().pinByHash('Qm'), { status: 503 });
});

test('what cannot be read again is sent once', async () => {
  const once = async function* () {
    yield new TextEncoder().encode('once');
  };
  script = [(response) => json(response, 503, {}, { 'Retry-After': '0' })];
  await assert.rejects(client().pinFile(once()), { status: 503 });
  assert.equal(seen.length, 1);
});

test('what is refused or stopped on its way is read no further', async () => {
  const early = await listen((request, response) => {
    if (request.url === '/oauth/accessToken') return json(response, 200, { Data: 'token' });
    return request.once('data', () => json(response, 413, { Code: 413, Message: 'Too large' }));
  });
  let ended;
  const endless = async function* (each = () => undefined) {
    try {
      for (;;) {
        yield new Uint8Array(1 << 16);
        each();
      }
    } finally {
      ended();
    }
  };
  const closed = () => new Promise((resolve) => (ended = resolve));
  let end = closed();
  await assert.rejects(client({ url: early.url }).pinFile(endless()), { status: 413, code: 'too_large', message: 'Too large' });
  await end;
  end = closed();
  const controller = new AbortController();
  const each = () => controller.abort(new Error('stopped'));
  await assert.rejects(client({ url: early.url }).pinFile(endless(each), { signal: controller.signal }), { message: 'stopped' });
  await end;
  await early.stop();
});

test('a call stops waiting when it is told to', async () => {
  const controller = new AbortController();
  script = [(response) => {
    json(response, 503, {}, { 'Retry-After': '30' });
    setImmediate(() => controller.abort(new Error('enough')));
  }];
  await assert.rejects(client().pinList({ signal: controller.signal }), { message: 'enough' });
  await assert.rejects(client().pinList({ signal: AbortSignal.abort(new Error('before')) }), { message: 'before' });
});

test('axios’ way to stop is understood', async () => {
  let cancel;
  const source = { token: { promise: new Promise((resolve) => (cancel = resolve)) } };
  script = [() => cancel(new Error('cancelled'))];
  await assert.rejects(client().pinFile('text', null, source), { message: 'cancelled' });
});

test('every dialect’s errors are read', async () => {
  const bodies = [
    [{ Code: 400, Message: 'decoo' }, 'decoo', 'bad_request'],
    [{ error: { code: 'too_late', message: 'ours' } }, 'ours', 'too_late'],
    [{ error: { reason: 'INSUFFICIENT_FUNDS', details: 'psa' } }, 'psa', 'INSUFFICIENT_FUNDS'],
    [{ error: 'provider' }, 'provider', 'bad_request'],
    [{ errors: { nonce: ['one.'], signature: 'two.' }, success: false }, 'one. two.', 'bad_request'],
    ['text', 'text', 'bad_request'],
    ['<html>nginx</html>', 'the server answered with status 400', 'bad_request'],
    [null, 'the server answered with status 400', 'bad_request'],
  ];
  for (const [body, message, code] of bodies) {
    script = [(response) => response.writeHead(400).end(typeof body === 'string' ? body : JSON.stringify(body))];
    await assert.rejects(client().pinList(), { status: 400, message, code });
  }
});

test('where the server is may be said once for all', async () => {
  await assert.rejects(listEndpoints({ jwt: 'key' }), { code: 'configuration' });
  process.env.TIDEGATE_URL = `${server.url}/`;
  await listEndpoints({ jwt: 'key' });
  delete process.env.TIDEGATE_URL;
  configure({ zones: { cn: server.url } });
  await listEndpoints({ zone: 'cn', jwt: 'key' });
  configure({ baseUrl: server.url });
  await listEndpoints({ zone: 'beta', jwt: 'key' });
  configure({ zones: undefined, baseUrl: undefined });
  assert.deepEqual(seen.map(({ url }) => url), Array(3).fill('/endpoint/list'));
  await assert.rejects(listEndpoints({ baseUrl: 'pins.example.org', jwt: 'key' }), { code: 'configuration' });
  await assert.rejects(listEndpoints({ baseUrl: server.url }), { code: 'configuration' });
});

test('parameters of lists are those of the server', async () => {
  await client().pinList({ sort: 'ASC', startDate: new Date(0), endDate: '2026-01-01', offset: 0, limit: 1000 });
  await client().pinJobs({ pinHash: 'Qm', status: 'failed' });
  assert.equal(seen[0].url, '/pinning/pinList?start-date=1970-01-01T00%3A00%3A00.000Z&end-date=2026-01-01&sort=ASC&offset=0&limit=1000');
  assert.equal(seen[1].url, '/pinning/pinJobs?pin-hash=Qm&status=failed');
  await client().pinByHash('Qm', { name: 'a name' });
  assert.deepEqual(JSON.parse(seen[2].body), { hashToPin: 'Qm', secret: utils.signCid(privateKey, 'Qm'), decooMetadata: { name: 'a name' } });
});

function client(more = {}) {
  return create({ url: server.url, jwt: 'key', privateKey, retryDelay: 1, ...more });
}

function jwt(number, seconds) {
  if (seconds === undefined) return `text ${number}`;
  const claims = { n: number, exp: Math.floor(Date.now() / 1000) + seconds };
  return `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.x`;
}
