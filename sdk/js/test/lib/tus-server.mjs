// As much of tus 1.0 as a client meets, in memory, with faults on demand.

import { bodyOf, json, listen } from './listen.mjs';

/**
 * A server with uploads, and tokens for whoever asks. `faults` are functions that are asked first, each for one request of the method that it is
 * under, as `{ PATCH: [(request, response, upload) => …] }`.
 */
export async function startTusServer() {
  const server = { uploads: new Map(), requests: [], faults: {}, tokens: 0, version: '1.0.0' };
  const { url, stop } = await listen((request, response) => void handle(server, request, response));
  return Object.assign(server, { url, stop });
}

async function handle(server, request, response) {
  const { method, url, headers } = request;
  if (url === '/oauth/accessToken') {
    server.tokens += 1;
    return json(response, 200, { Code: 200, Data: `token-${server.tokens}` });
  }
  if (method === 'OPTIONS' && url === '/api/v1/uploads') return response.writeHead(server.version ? 204 : 404, { 'Tus-Version': server.version }).end();
  server.requests.push(`${method} ${headers['upload-offset'] ?? ''}`.trim());
  const upload = server.uploads.get(url);
  const fault = server.faults[method]?.shift();
  if (fault) return fault(request, response, upload);
  if (url === '/api/v1/uploads' && method === 'POST') return create(server, headers, response);
  if (!upload) return json(response, 404, { error: { code: 'not_found', message: 'There is no such upload.' } });
  if (method === 'HEAD') return response.writeHead(200, { 'Upload-Offset': upload.content.length, 'Upload-Length': upload.length }).end();
  if (method === 'GET') return json(response, 200, stateOf(upload));
  return append(upload, request, response);
}

function create(server, headers, response) {
  const pairs = headers['upload-metadata'].split(',').map((pair) => pair.split(' '));
  const metadata = Object.fromEntries(pairs.map(([name, value]) => [name, Buffer.from(value, 'base64').toString()]));
  const path = `/api/v1/uploads/${server.uploads.size + 1}`;
  server.uploads.set(path, { metadata, length: Number(headers['upload-length']), content: Buffer.alloc(0) });
  response.writeHead(201, { Location: path, 'Tus-Resumable': '1.0.0' }).end();
}

async function append(upload, request, response) {
  if (Number(request.headers['upload-offset']) !== upload.content.length) return json(response, 409, { error: { code: 'conflict', message: 'Another offset.' } });
  await receive(upload, request);
  return response.writeHead(204, { 'Upload-Offset': upload.content.length }).end();
}

/** Takes what a request brings; `limit` bytes of it at most. */
export async function receive(upload, request, limit = Infinity) {
  const body = await bodyOf(request);
  upload.content = Buffer.concat([upload.content, body.subarray(0, limit)]);
}

function stateOf({ metadata, length }) {
  const { cid, visibility = 'public' } = metadata;
  return { state: 'pinned', offset: length, length, cid, pin: { cid, size: length, date: '2026-11-22T00:00:00.000Z', visibility }, error: null };
}
