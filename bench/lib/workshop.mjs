// A folder for everything a run makes, and the processes it starts: both are gone when the run ends, however it ends.

import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';

export class Workshop {
  #running = new Set();
  #folders = 0;

  constructor(parent = tmpdir(), prefix = 'tidegate-bench-') {
    this.dir = mkdtempSync(join(parent, prefix));
    process.once('exit', () => this.#abandon());
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(130));
  }

  /** A name in the folder that nothing has yet. */
  path(name) {
    this.#folders += 1;
    return join(this.dir, `${this.#folders}-${name}`);
  }

  /** Starts a program that is killed at the end of the run if `stop` did not end it before. */
  start(command, args, options) {
    const child = spawn(command, args, options);
    this.#running.add(child);
    child.once('exit', () => this.#running.delete(child));
    return child;
  }

  /** Ends a program as an operator would, and waits for it. */
  async stop(child) {
    if (!this.#running.has(child)) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
  }

  /** Stops what runs and removes what was made, between two suites. */
  async clear() {
    await Promise.all([...this.#running].map((child) => this.stop(child)));
    rmSync(this.dir, { recursive: true, force: true });
    mkdirSync(this.dir, { mode: 0o700 });
  }

  #abandon() {
    // Not SIGKILL: nginx's workers would outlive their parent.
    for (const child of this.#running) child.kill('SIGTERM');
    rmSync(this.dir, { recursive: true, force: true });
  }
}
