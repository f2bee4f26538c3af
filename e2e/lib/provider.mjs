// The binary under test: the server, settled by the environment that an operator of the Python Provider has, and its commands.

import { execFile } from 'node:child_process';
import { createInterface } from 'node:readline';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { basics } from '../../bench/lib/programs.mjs';

const execute = promisify(execFile);

/** A server that runs, or did. */
export class Provider {
  constructor(workshop, binary, environment) {
    const log = workshop.path('tidegate.log');
    Object.assign(this, { workshop, binary, log, environment: { ...environment, TIDEGATE_DATA_DIR: workshop.path('data') } });
  }

  /** Starts a new server; `environment` are its settings. */
  static async start(workshop, binary, environment) {
    const provider = new Provider(workshop, binary, environment);
    await provider.start();
    return provider;
  }

  /** Starts it, on the data it had before, and comes back when it says where it listens: where it did before. */
  async start() {
    const log = openSync(this.log, 'a');
    const listen = this.url === undefined ? '127.0.0.1:0' : new URL(this.url).host;
    this.child = this.workshop.start(this.binary, ['serve', '--json'], {
      stdio: ['ignore', 'pipe', log],
      env: { ...basics(), ...this.environment, TIDEGATE_SERVER_LISTEN: listen },
    });
    closeSync(log);
    const lines = createInterface({ input: this.child.stdout });
    const [line] = await Promise.race([
      once(lines, 'line'),
      once(this.child, 'exit').then(([code]) => {
        throw new Error(`tidegate serve ended with ${code}:\n${this.logged()}`);
      }),
    ]);
    const { listening, firstAdmin } = JSON.parse(line);
    Object.assign(this, { url: listening, firstAdmin });
  }

  /** Ends it as an operator does. */
  stop() {
    return this.workshop.stop(this.child);
  }

  /** Ends it as a power cut does. */
  async kill() {
    const ended = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await ended;
  }

  /** Everything it has logged. */
  logged() {
    return readFileSync(this.log, 'utf8');
  }

  /** Runs another command of the binary on the same data, and gives the JSON it prints. `more` are further variables. */
  async command(args, more = {}) {
    const env = { ...basics(), ...this.environment, ...more };
    const { stdout } = await execute(this.binary, [...args, '--json'], { env, maxBuffer: 1 << 24 });
    return JSON.parse(stdout);
  }

  /** An account on this server: its e-mail address, and the keys as the variables that commands read. */
  async account(email) {
    const created = await this.command(['account', 'create', '--generate-password', '--email', email]);
    return { email, keys: { TIDEGATE_URL: this.url, TIDEGATE_API_KEY: created.apiKey, TIDEGATE_RSA_PRIVATE_KEY: created.rsaPrivateKey } };
  }

  /** Asks a route below /api/services with parameters in the query. */
  get(route, parameters = {}, options = {}) {
    return fetch(`${this.url}/api/services/${route}?${new URLSearchParams(parameters)}`, options);
  }

  /** Asks a route below /api/services with a JSON body. */
  post(route, body, options = {}) {
    return fetch(`${this.url}/api/services/${route}`, {
      method: 'POST',
      body: JSON.stringify(body),
      ...options,
      headers: { 'Content-Type': 'application/json', ...options.headers },
    });
  }
}
