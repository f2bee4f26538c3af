// One address for a Provider and a metadata cache, as an Ocean Node has and as a proxy in front of both gives it.

import { createServer, request as ask } from 'node:http';
import { pipeline } from 'node:stream';
import { closed, listen } from './listen.mjs';

/** A running proxy: what begins with /api/aquarius goes to the cache, the rest to the Provider. */
export class Front {
  constructor(server, url) {
    Object.assign(this, { server, url });
  }

  static async start({ provider, cache }) {
    const server = createServer((request, response) => {
      const target = request.url.startsWith('/api/aquarius') ? cache.url : provider.url;
      const passed = ask(`${target}${request.url}`, { method: request.method, headers: request.headers }, (answer) => {
        response.writeHead(answer.statusCode, answer.headers);
        pipeline(answer, response, () => {});
      });
      passed.once('error', () => response.destroy());
      pipeline(request, passed, () => {});
    });
    return new Front(server, await listen(server));
  }

  stop() {
    return closed(this.server);
  }
}
