// A line between a browser and the server, which breaks when a test wants it to.

import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/** A line to the server at `target`, which may be set later, with an address of its own. */
export class Line {
  /** Bytes that went to the server. */
  sent = 0;
  #sockets = new Set();
  #limit = Infinity;
  #broken;

  static async to(url) {
    const line = Object.assign(new Line(), { target: url });
    line.server = createServer((near) => line.#join(near, connect(Number(new URL(line.target).port), '127.0.0.1'))).listen(0, '127.0.0.1');
    await once(line.server, 'listening');
    line.url = `http://127.0.0.1:${line.server.address().port}`;
    return line;
  }

  /** Breaks when that many more bytes have gone to the server, and stays broken; comes back when it has. */
  breakAfter(bytes) {
    this.#limit = this.sent + bytes;
    return new Promise((resolve) => (this.#broken = resolve));
  }

  mend() {
    this.#limit = Infinity;
  }

  #join(near, far) {
    for (const socket of [near, far]) {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => [near, far].forEach((end) => end.destroy()));
    }
    if (this.sent >= this.#limit) return near.destroy();
    near.on('data', (piece) => this.#pass(piece, near, far));
    near.on('end', () => far.end());
    far.pipe(near);
    return undefined;
  }

  #pass(piece, near, far) {
    this.sent += piece.length;
    if (this.sent >= this.#limit) {
      for (const socket of this.#sockets) socket.destroy();
      this.#sockets.clear();
      this.#broken();
    } else if (!far.write(piece)) {
      near.pause();
      far.once('drain', () => near.resume());
    }
  }

  stop() {
    this.server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}
