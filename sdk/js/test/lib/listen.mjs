// A server of a test's own, for answers that the real one does not give on demand.

import { once } from 'node:events';
import { createServer } from 'node:http';

/** What pages of other origins may send and see, as the real server says it. */
const CORS = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Allow-Methods': 'GET, HEAD, POST, PATCH, DELETE, OPTIONS',
  'Access-Control-Allow-Headers': 'Authorization, UserAccessToken, Content-Type, Tus-Resumable, Upload-Length, Upload-Metadata, Upload-Offset, Range, If-Range',
  'Access-Control-Expose-Headers':
    'Location, Tus-Version, Upload-Offset, Upload-Length, Content-Disposition, Content-Length, Content-Range, ETag, Retry-After, X-Request-Id, X-Tidegate-Resume',
};

/** Starts one whose requests `answer(request, response)` answers, for pages of any origin; `stop` ends it and every connection. */
export async function listen(answer) {
  const server = createServer((request, response) => {
    for (const [name, value] of Object.entries(CORS)) response.setHeader(name, value);
    if (request.headers['access-control-request-method']) response.writeHead(204).end();
    else answer(request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** The whole body of a request. */
export async function bodyOf(request) {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** Answers with JSON. */
export function json(response, status, body, headers = {}) {
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(body));
}
