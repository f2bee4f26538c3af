// A proxy between two of us: it joins servers under one address, or cuts a connection that a test wants cut.

import { createServer, request as ask } from 'node:http';
import { pipeline } from 'node:stream';
import { closed, listen } from './listen.mjs';

/** A running proxy. */
export class Proxy {
  constructor(server, url) {
    Object.assign(this, { server, url });
  }

  /** Starts a proxy to the address that `target` gives for a path; where it gives none, the connection breaks. */
  static async start(target) {
    const server = createServer((request, response) => {
      const address = target(request.url);
      if (!address) return void response.destroy();
      const passed = ask(`${address}${request.url}`, { method: request.method, headers: request.headers }, (answer) => {
        response.writeHead(answer.statusCode, answer.headers);
        pipeline(answer, response, () => {});
      });
      passed.once('error', () => response.destroy());
      pipeline(request, passed, () => {});
      return undefined;
    });
    return new Proxy(server, await listen(server));
  }

  stop() {
    return closed(this.server);
  }
}
