// What a measurement was made on.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';

/** Facts about this machine, and the file system of `dir`. */
export function machineFacts(dir) {
  const flags = readFileSync('/proc/cpuinfo', 'utf8').match(/^flags\s*:(.*)$/m)?.[1] ?? '';
  const [type, source, options] = mount(dir);
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    shaInstructions: / sha_ni\b/.test(flags),
    memoryGib: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    fileSystem: `${type} on ${source} (${options})`,
    commit: git(['describe', '--always', '--dirty', '--abbrev=12']),
  };
}

/** Runnable processes on average over the last minute: a quiet machine has less than one. */
export function loadAverage() {
  return Number(loadavg()[0].toFixed(2));
}

function mount(dir) {
  const columns = execFileSync('findmnt', ['--noheadings', '--raw', '--output', 'FSTYPE,SOURCE,OPTIONS', '--target', dir], { encoding: 'utf8' });
  return columns.trim().split(' ');
}

function git(args) {
  try {
    return execFileSync('git', args, { cwd: import.meta.dirname, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return 'unknown';
  }
}
