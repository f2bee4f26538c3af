// Many small uploads at once: each is durable before it is answered.

import { randomBytes } from 'node:crypto';
import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { KIB, rawCid } from '../lib/content.mjs';
import { measure, median, ratio } from '../lib/rounds.mjs';
import { Server } from '../lib/server.mjs';
import { connections, form, uploadPieces } from '../lib/upload.mjs';

export const about = 'pinFile of 1 KiB, 200 at once, beside the fdatasync calls that one writer gets done';

const AT_ONCE = 200;
const PINS = 4000;
const SYNC_SECONDS = 2;

export async function run(bench) {
  const { rounds, workshop } = bench;
  const server = await Server.start(bench, undefined, { TIDEGATE_LOG_LEVEL: 'warn' });
  const account = await server.account();

  const pins = async () => {
    const waiting = Array.from({ length: PINS }, () => prepare(account));
    const agent = connections(AT_ONCE);
    const start = performance.now();
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        for (let next = waiting.pop(); next; next = waiting.pop()) {
          await uploadPieces(server, account, next.form, [next.bytes], next.bytes.length, agent);
        }
      }),
    );
    const seconds = (performance.now() - start) / 1000;
    agent.destroy();
    return PINS / seconds;
  };
  const { pins: ours, syncs } = await measure(rounds, { pins, syncs: () => syncsASecond(workshop.path('log')) });
  return [
    {
      name: `1 KiB, ${AT_ONCE} connections`,
      unit: '/s',
      value: median(ours),
      reference: { name: 'append 1 KiB + fdatasync', value: median(syncs) },
      ratio: ratio(ours, syncs),
    },
  ];
}

/** New content, hashed and signed before the clock runs. */
function prepare(account) {
  const bytes = randomBytes(KIB);
  const cid = rawCid(bytes);
  return { bytes, form: form(cid, account.sign(cid)) };
}

function syncsASecond(path) {
  const file = openSync(path, 'ax');
  const piece = randomBytes(KIB);
  const start = performance.now();
  let done = 0;
  while (performance.now() - start < SYNC_SECONDS * 1000) {
    writeSync(file, piece);
    fdatasyncSync(file);
    done += 1;
  }
  closeSync(file);
  rmSync(path);
  return done / SYNC_SECONDS;
}
