// Very many small files in one request, beside what any program must do with them: read, hash and write them once.

import { createHash, randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { request } from 'node:http';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { output } from '../lib/programs.mjs';
import { measure, median, ratio } from '../lib/rounds.mjs';
import { Server } from '../lib/server.mjs';

export const about = '65,001 files of 1.4 KB in one pinFile, as parts and as tar, beside SHA-256 of each and one write with fsync';

const FILES = 65_001;
const BYTES = 1400;
const BOUNDARY = 'tidegate-bench-boundary';
const CRLF = '\r\n';

export async function run(bench) {
  const { rounds, workshop, binaries } = bench;
  const folder = workshop.path('many');
  const paths = Array.from({ length: FILES }, (_, n) => `${Math.floor(n / 1000)}/${n}.json`);
  const contents = paths.map(() => randomBytes(BYTES));
  paths.forEach((path, n) => {
    if (n % 1000 === 0) mkdirSync(join(folder, dirname(path)), { recursive: true });
    writeFileSync(join(folder, path), contents[n]);
  });
  const { cid } = JSON.parse(await output(binaries.tidegate, ['cid', '--json', folder]));
  const archive = workshop.path('many.tar');
  await output('tar', ['-C', folder, '-cf', archive, '.']);
  await output('sync', []);

  const part = (path, n) => [
    Buffer.from(`--${BOUNDARY}${CRLF}Content-Disposition: form-data; name="file"; filename="many/${path}"${CRLF}Content-Type: application/octet-stream${CRLF}${CRLF}`),
    contents[n],
    Buffer.from(CRLF),
  ];
  const parts = Buffer.concat([...paths.flatMap(part), end()]);
  const head = `--${BOUNDARY}${CRLF}Content-Disposition: form-data; name="file"; filename="many.tar"${CRLF}${CRLF}`;
  const tar = Buffer.concat([Buffer.from(head), readFileSync(archive), Buffer.from(CRLF), end()]);

  const memory = [];
  /** Seconds to upload `files` to a new server: what is there already would not be written again. */
  const upload = (files, format) => async () => {
    const data = workshop.path('data');
    const server = await Server.start(bench, data, { TIDEGATE_LOG_LEVEL: 'warn' });
    const account = await server.account();
    const body = Buffer.concat([fields({ cid, secret: account.sign(cid), format }), files]);
    const start = performance.now();
    await send(server, account, body);
    const seconds = (performance.now() - start) / 1000;
    memory.push(server.memory('VmHWM'));
    await server.stop();
    rmSync(data, { recursive: true });
    return seconds;
  };
  const byHand = () => {
    const path = workshop.path('all');
    const start = performance.now();
    const file = openSync(path, 'wx');
    for (const content of contents) {
      createHash('sha256').update(content).digest();
      writeSync(file, content);
    }
    fsyncSync(file);
    closeSync(file);
    const seconds = (performance.now() - start) / 1000;
    rmSync(path);
    return seconds;
  };

  const seconds = await measure(rounds, { byHand, parts: upload(parts, 'file'), tar: upload(tar, 'tar') });
  const metric = (name, values) => ({
    name,
    unit: 's',
    value: median(values),
    reference: { name: 'SHA-256, write, fsync', value: median(seconds.byHand) },
    ratio: ratio(seconds.byHand, values),
    target: { atMost: 10 },
  });
  return [
    metric('65,001 files as parts of a form', seconds.parts),
    metric('65,001 files as one tar', seconds.tar),
    { name: 'memory, most', unit: 'MiB', value: Math.max(...memory) },
  ];
}

function fields(pairs) {
  const field = ([name, value]) => `--${BOUNDARY}${CRLF}Content-Disposition: form-data; name="${name}"${CRLF}${CRLF}${value}${CRLF}`;
  return Buffer.from(Object.entries(pairs).map(field).join(''));
}

function end() {
  return Buffer.from(`--${BOUNDARY}--${CRLF}`);
}

async function send(server, account, body) {
  const sent = request(`${server.url}/pinning/pinFile`, {
    method: 'POST',
    headers: {
      UserAccessToken: account.token,
      'Content-Type': `multipart/form-data; boundary=${BOUNDARY}`,
      'Content-Length': body.length,
    },
  });
  const answered = once(sent, 'response');
  sent.end(body);
  const [answer] = await answered;
  let text = '';
  for await (const piece of answer) text += piece;
  if (answer.statusCode !== 200) throw new Error(`pinFile answered ${answer.statusCode} ${text}`);
}
