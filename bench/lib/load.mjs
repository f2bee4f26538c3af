// Load: one download with curl, or many requests with wrk, and how fast they were.

import { MIB } from './content.mjs';
import { output } from './programs.mjs';

const SECONDS = 3;

/** MiB a second that curl gets of what must be `size` bytes. */
export async function download(url, size) {
  const printed = await output('curl', ['-sS', '-o', '/dev/null', '-w', '%{http_code} %{size_download} %{time_total}', url]);
  const [status, got, seconds] = printed.split(' ').map(Number);
  if (status !== 200 || got !== size) throw new Error(`${url} answered ${printed}`);
  return got / MIB / seconds;
}

/** Requests a second that wrk gets over kept connections. `more` are flags, `given` what its script is given. */
export async function requests(url, connections, more = [], given = []) {
  const printed = await output('wrk', ['-t2', `-c${connections}`, `-d${SECONDS}s`, '--timeout', '10s', ...more, url, '--', ...given]);
  // An answer that is no success, or a script with nothing more to ask, ends the run.
  if (/Non-2xx|Socket errors|exhausted/.test(printed)) throw new Error(`${url}: ${printed}`);
  return Number(printed.match(/Requests\/sec:\s*([\d.]+)/)[1]);
}
