// Servers on a port that the system chooses.

import { once } from 'node:events';

/** Listens on loopback, or with `everywhere` on all addresses of this machine, and gives the server's address on loopback. */
export async function listen(server, { everywhere = false } = {}) {
  server.listen(0, everywhere ? undefined : '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${server.address().port}`;
}

/** Closes a server and the connections it has. */
export async function closed(server) {
  const ended = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await ended;
}
