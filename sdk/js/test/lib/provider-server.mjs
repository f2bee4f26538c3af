// A Provider that has one file, and breaks off when it is told to.

import { json, listen } from './listen.mjs';

/**
 * Starts one. `breaks` are numbers of bytes after which an answer breaks off, one for each answer; `etag` and `file` may change at any time.
 */
export async function startProviderServer(file) {
  const server = { file, etag: '"v1"', breaks: [], requests: [], last: 1n, headers: {}, refusals: [] };
  const { url, stop } = await listen((request, response) => answer(server, request, response));
  return Object.assign(server, { url, stop });
}

function answer(server, request, response) {
  const url = new URL(request.url, 'http://host');
  const route = url.pathname.split('/').pop();
  const query = Object.fromEntries(url.searchParams);
  server.requests.push({ method: request.method, route, query, headers: request.headers });
  const refusal = server.refusals.shift();
  if (refusal) return json(response, refusal[0], refusal[1]);
  if (route === 'nonce') return response.writeHead(200, { 'Content-Type': 'application/json' }).end(`{"nonce":${server.last}}`);
  if (route === 'initialize') return json(response, 200, { datatoken: '0x1', nonce: 1, providerFee: {} });
  if (query.nonce !== undefined && BigInt(query.nonce) <= server.last) {
    const text = `Invalid signature expected nonce (${query.nonce}) > current nonce (${server.last}). Each nonce must be greater than the last one.`;
    return json(response, 400, { errors: { signature: text }, message: 'Validation error', success: false });
  }
  if (query.nonce !== undefined) server.last = BigInt(query.nonce);
  if (route === 'createAuthToken') return json(response, 200, { token: 'a token' });
  if (route === 'deleteAuthToken') return json(response, 200, { success: 'Token has been deactivated.' });
  return deliver(server, request, response);
}

function deliver({ file, etag, breaks, headers }, request, response) {
  const [, from] = /^bytes=(\d+)-$/.exec(request.headers.range ?? '') ?? [];
  const ifRange = request.headers['if-range'];
  const partial = from !== undefined && (ifRange === undefined || ifRange === etag);
  const start = partial ? Number(from) : 0;
  response.writeHead(partial ? 206 : 200, {
    'Content-Type': 'text/csv',
    'Content-Length': file.length - start,
    'Content-Disposition': 'attachment;filename=soil.csv',
    ETag: etag,
    'X-Tidegate-Resume': 'ticket',
    ...(partial ? { 'Content-Range': `bytes ${start}-${file.length - 1}/${file.length}` } : {}),
    ...headers,
  });
  const after = breaks.shift();
  if (after === undefined) return response.end(file.subarray(start));
  response.write(file.subarray(start, start + after), () => response.destroy());
}
