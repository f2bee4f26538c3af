// Running other programs: to their end with their output, found or installed where they are missing.

import { execFile, execFileSync } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** Runs a program to its end and gives what it printed. A failure is an error that holds what it said. */
export async function output(command, args, options = {}) {
  const { stdout } = await execute(command, args, { maxBuffer: 64 << 20, ...options });
  return stdout;
}

/** The variables that any program needs. The caller's own settings of Tidegate or of a Provider stay outside. */
export function basics() {
  const { PATH, HOME, TMPDIR } = process.env;
  return Object.fromEntries(Object.entries({ PATH, HOME, TMPDIR }).filter(([, value]) => value !== undefined));
}

/** Seconds that a program takes from start to end. */
export async function secondsOf(command, args) {
  const start = performance.now();
  await output(command, args);
  return (performance.now() - start) / 1000;
}

/** Makes sure that `program` of Debian's `pkg` is there; installs it when we may. */
export function need(program, pkg) {
  if (isThere(program)) return;
  if (process.getuid() !== 0 || !isThere('apt-get')) {
    throw new Error(`${program} is missing; install it first: apt-get install ${pkg}`);
  }
  process.stderr.write(`installing ${pkg}\n`);
  const options = { stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
  execFileSync('apt-get', ['update', '-qq'], options);
  execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', pkg], options);
}

function isThere(program) {
  try {
    execFileSync('sh', ['-c', 'command -v "$1"', 'sh', program], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
