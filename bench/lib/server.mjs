// A Tidegate server of our own, and an account on it that may pin.

import { createInterface } from 'node:readline';
import { createPrivateKey, privateEncrypt, constants } from 'node:crypto';
import { openSync, closeSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { once } from 'node:events';
import { basics, output } from './programs.mjs';

/** A running server. */
export class Server {
  constructor(workshop, child, url, binaries, data) {
    Object.assign(this, { workshop, child, url, binaries, data });
  }

  /** Starts a server on the folder `data`, and comes back when it says where it listens. `settings` are variables. */
  static async start({ workshop, binaries }, data = workshop.path('data'), settings = {}) {
    const log = openSync(join(workshop.dir, 'tidegate.log'), 'a');
    const child = workshop.start(binaries.tidegate, ['serve', '--json', '--listen', '127.0.0.1:0', '--data', data], {
      stdio: ['ignore', 'pipe', log],
      env: { ...basics(), ...settings },
    });
    closeSync(log);
    const lines = createInterface({ input: child.stdout });
    const [line] = await Promise.race([
      once(lines, 'line'),
      once(child, 'exit').then(([code]) => {
        throw new Error(`tidegate serve ended with ${code}: ${readFileSync(join(workshop.dir, 'tidegate.log'), 'utf8')}`);
      }),
    ]);
    return new Server(workshop, child, JSON.parse(line).listening, binaries, data);
  }

  async stop() {
    await this.workshop.stop(this.child);
  }

  /** What the process holds in memory, as `memoryOf` gives it. */
  memory(line) {
    return memoryOf(this.child.pid, line);
  }

  /** Makes an account and an access token for it. */
  async account() {
    const created = await output(this.binaries.tidegate, [
      'account', 'create', '--json', '--generate-password', '--email', 'bench@example.org', '--data', this.data,
    ], { env: basics() });
    const { apiKey, rsaPrivateKey } = JSON.parse(created);
    const answer = await fetch(`${this.url}/oauth/accessToken`, { headers: { Authorization: `Bearer ${apiKey}` } });
    const { Data: token } = await answer.json();
    return new Account(token, rsaPrivateKey);
  }
}

/** Who uploads: a token, and a key that signs. */
export class Account {
  constructor(token, rsaPrivateKey) {
    this.token = token;
    this.key = createPrivateKey({ key: Buffer.from(rsaPrivateKey, 'base64'), format: 'der', type: 'pkcs8' });
  }

  /** The signature that an upload of `cid` carries. */
  sign(cid) {
    return privateEncrypt({ key: this.key, padding: constants.RSA_PKCS1_PADDING }, Buffer.from(cid)).toString('base64');
  }
}

/** A line of /proc/PID/status in KiB, as MiB: `VmRSS` is what a process holds now, `VmHWM` the most it ever held. */
export function memoryOf(pid, line) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(status.match(new RegExp(`^${line}:\\s*(\\d+) kB`, 'm'))[1]) / 1024;
}

/** A port that nothing listens on at this moment, for programs that cannot choose one themselves. */
export async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return port;
}

/** Asks `url` again and again until it answers 200. Connections are refused until the server listens. */
export async function untilReady(url) {
  const deadline = performance.now() + 60_000;
  while (performance.now() < deadline) {
    const answer = await fetch(url).catch(() => undefined);
    await answer?.arrayBuffer();
    if (answer?.status === 200) return;
  }
  throw new Error(`${url} does not answer`);
}
