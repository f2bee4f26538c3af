// One large upload, beside what any program must do for the same promise: write the bytes, sync them, hash them.

import { createReadStream, rmSync } from 'node:fs';
import { GIB, MIB, cidOf, writeNewFile } from '../lib/content.mjs';
import { output, secondsOf } from '../lib/programs.mjs';
import { measure, median, ratio } from '../lib/rounds.mjs';
import { Server } from '../lib/server.mjs';
import { uploadFile } from '../lib/upload.mjs';

export const about = 'pinFile of 1 GiB over loopback, beside copy + fsync, then SHA-256, of the same size';

const SIZE = GIB;

export async function run(bench) {
  const { rounds, workshop, binaries } = bench;
  const server = await Server.start(bench);
  const account = await server.account();

  /** New content each time: what is there already would not be written again. */
  const withNewFile = async (use) => {
    const path = workshop.path('content');
    writeNewFile(path, SIZE);
    const seconds = await use(path);
    rmSync(path);
    return seconds;
  };
  const upload = (fileFirst) => () =>
    withNewFile(async (path) => {
      const cid = await cidOf(binaries, createReadStream(path, { highWaterMark: MIB }));
      await output('sync', []);
      return uploadFile(server, account, { path, cid, fileFirst });
    });
  const copyAndHash = () =>
    withNewFile(async (path) => {
      const copy = workshop.path('copy');
      await output('sync', []);
      const copying = await secondsOf('dd', [`if=${path}`, `of=${copy}`, 'bs=1M', 'conv=fsync', 'status=none']);
      const hashing = await fastestHash(path);
      rmSync(copy);
      return copying + hashing;
    });

  const seconds = await measure(rounds, { copyAndHash, cidFirst: upload(false), fileFirst: upload(true) });
  const speed = (values) => SIZE / MIB / median(values);
  const metric = (name, values) => ({
    name,
    unit: 'MiB/s',
    value: speed(values),
    reference: { name: 'dd conv=fsync, then SHA-256', value: speed(seconds.copyAndHash) },
    ratio: ratio(seconds.copyAndHash, values),
    target: { ratioAtLeast: 0.6 },
  });
  return [metric('CID before the file', seconds.cidFirst), metric('file before the CID', seconds.fileFirst)];
}

/** Which is faster depends on the machine: openssl uses SHA instructions everywhere, coreutils on some systems. */
async function fastestHash(path) {
  return Math.min(await secondsOf('openssl', ['dgst', '-sha256', path]), await secondsOf('sha256sum', [path]));
}
