// An origin of files: whole or in ranges, and misbehaving where a test wants it. It writes down every request it gets.

import { createServer } from 'node:http';
import { once } from 'node:events';
import { closed, listen } from './listen.mjs';

/** A running file server. `requests` are those of now and before, each `{ method, path, headers, body, at }`: `at` our own address. */
export class FileServer {
  #files = new Map();

  constructor(server, url) {
    Object.assign(this, { server, url, requests: [] });
  }

  static async start(where) {
    const server = createServer();
    const url = await listen(server, where);
    const files = new FileServer(server, url);
    server.on('request', (request, response) => {
      files.#answer(request, response).catch((error) => response.destroy(error));
    });
    return files;
  }

  stop() {
    return closed(this.server);
  }

  /**
   * Offers `bytes` under `path`, and gives the URL. What `options` can say besides `headers`: `redirect` (to there), `status`
   * (answer that, without the file), `headStatus` (answer that to HEAD), `cut` (break the connection after so many bytes),
   * `silent` (never answer), `ranges: false` (always answer the whole).
   */
  offer(path, bytes = Buffer.alloc(0), options = {}) {
    this.#files.set(path, { bytes: Buffer.from(bytes), options });
    return `${this.url}${path}`;
  }

  /** The requests for `path`, with or without a query, by method or all. */
  asked(path, method) {
    return this.requests.filter((request) => request.path.split('?')[0] === path && (!method || request.method === method));
  }

  async #answer(request, response) {
    const body = [];
    request.on('data', (piece) => body.push(piece));
    await once(request, 'end');
    const { method, url: path, headers: sent, socket } = request;
    this.requests.push({ method, path, headers: sent, body: Buffer.concat(body).toString(), at: socket.localAddress });
    const file = this.#files.get(request.url.split('?')[0]);
    if (!file) return void response.writeHead(404).end();
    const { bytes, options } = file;
    if (options.silent) return undefined;
    if (options.redirect) return void response.writeHead(302, { Location: options.redirect }).end();
    const status = request.method === 'HEAD' ? (options.headStatus ?? options.status) : options.status;
    if (status) return void response.writeHead(status).end();
    const headers = { 'Content-Type': 'application/octet-stream', ...(options.ranges === false ? {} : { 'Accept-Ranges': 'bytes' }), ...options.headers };
    const range = options.ranges === false ? undefined : request.headers.range?.match(/^bytes=(\d+)-(\d*)$/);
    const part = range ? bytes.subarray(Number(range[1]), range[2] === '' ? undefined : Number(range[2]) + 1) : bytes;
    if (range) headers['Content-Range'] = `bytes ${range[1]}-${Number(range[1]) + part.length - 1}/${bytes.length}`;
    response.writeHead(range ? 206 : 200, { 'Content-Length': part.length, ...headers });
    if (request.method === 'HEAD') return void response.end();
    if (options.cut === undefined) return void response.end(part);
    // The promised length never comes: what has been written must leave before the connection breaks.
    response.write(part.subarray(0, options.cut), () => response.destroy());
    return undefined;
  }
}
