// Very many small files in one request, beside what any program must do with them: read, hash and write them once.

import { createHash, randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { request } from 'node:http';
import { once } from 'node:events';
import { join } from 'node:path';
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
  const server = await Server.start(bench, undefined, { TIDEGATE_LOG_LEVEL: 'warn' });
  const account = await server.account();

  /** A folder of new files, all in one, and its CID. */
  const prepare = async () => {
    const folder = workshop.path('many');
    const paths = [];
    for (let n = 0; n < FILES; n += 1) {
      if (n % 1000 === 0) mkdirSync(join(folder, String(n / 1000)), { recursive: true });
      const path = `${Math.floor(n / 1000)}/${n}.json`;
      writeFileSync(join(folder, path), randomBytes(BYTES));
      paths.push(path);
    }
    const { cid } = JSON.parse(await output(binaries.tidegate, ['cid', '--json', folder]));
    return { folder, paths, cid };
  };
  const timed = (use) => async () => {
    const many = await prepare();
    const pieces = await use(many);
    const start = performance.now();
    await pieces();
    const seconds = (performance.now() - start) / 1000;
    rmSync(many.folder, { recursive: true });
    return seconds;
  };
  const parts = timed(async ({ folder, paths, cid }) => {
    const part = (path) => [
      Buffer.from(`--${BOUNDARY}${CRLF}Content-Disposition: form-data; name="file"; filename="many/${path}"${CRLF}Content-Type: application/octet-stream${CRLF}${CRLF}`),
      readFileSync(join(folder, path)),
      Buffer.from(CRLF),
    ];
    const body = Buffer.concat([fields({ cid, secret: account.sign(cid) }), ...paths.flatMap(part), end()]);
    return () => send(server, account, body);
  });
  const tar = timed(async ({ folder, cid }) => {
    const archive = workshop.path('many.tar');
    await output('tar', ['-C', folder, '-cf', archive, '.']);
    const head = `--${BOUNDARY}${CRLF}Content-Disposition: form-data; name="file"; filename="many.tar"${CRLF}${CRLF}`;
    const before = fields({ cid, secret: account.sign(cid), format: 'tar' });
    const body = Buffer.concat([before, Buffer.from(head), readFileSync(archive), Buffer.from(CRLF), end()]);
    rmSync(archive);
    return () => send(server, account, body);
  });
  const byHand = timed(async ({ folder, paths }) => {
    const contents = paths.map((path) => readFileSync(join(folder, path)));
    return () => {
      const path = workshop.path('all');
      const file = openSync(path, 'wx');
      for (const content of contents) {
        createHash('sha256').update(content).digest();
        writeSync(file, content);
      }
      fsyncSync(file);
      closeSync(file);
      rmSync(path);
    };
  });

  const seconds = await measure(rounds, { byHand, parts, tar });
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
    { name: 'memory, most', unit: 'MiB', value: server.memory('VmHWM') },
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
