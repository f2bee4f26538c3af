// Servers on a port that the system chooses.

import { once } from 'node:events';

/** Listens on `host` and gives the server's address. */
export async function listen(server, host = '127.0.0.1') {
  server.listen(0, host);
  await once(server, 'listening');
  return `http://${host}:${server.address().port}`;
}

/** Closes a server and the connections it has. */
export async function closed(server) {
  const ended = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await ended;
}
