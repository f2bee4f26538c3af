// Reading: what the gateway serves, beside nginx with the same files.

import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GIB, KIB, MIB, cidOf, writeNewFile } from '../lib/content.mjs';
import { download, requests } from '../lib/load.mjs';
import { startNginx } from '../lib/nginx.mjs';
import { need } from '../lib/programs.mjs';
import { measure, median, ratio } from '../lib/rounds.mjs';
import { Server } from '../lib/server.mjs';
import { uploadFile } from '../lib/upload.mjs';

export const about = 'downloads, beside nginx (sendfile, no access log) with the same files';

const LARGE = GIB;
const RANGE = 64 * KIB;

export async function run(bench) {
  const { rounds, workshop } = bench;
  need('wrk', 'wrk');
  const files = workshop.path('files');
  mkdirSync(files);
  writeNewFile(join(files, 'large'), LARGE);
  writeFileSync(join(files, 'small'), randomBytes(KIB));
  const ranges = workshop.path('ranges.lua');
  writeFileSync(ranges, RANDOM_RANGES);

  // nginx writes no access log, so neither do we.
  const server = await Server.start(bench, undefined, { TIDEGATE_LOG_LEVEL: 'warn' });
  const account = await server.account();
  const nginx = await startNginx(workshop, files, 'small');
  const pin = async (name) => {
    const path = join(files, name);
    const cid = await cidOf(bench.binaries, createReadStream(path, { highWaterMark: MIB }));
    await uploadFile(server, account, { path, cid });
    const url = `${server.url}/ipfs/${cid}`;
    await checkSame(url, path);
    return { tidegate: url, nginx: `${nginx.url}/${name}` };
  };
  const [small, large] = [await pin('small'), await pin('large')];

  const compare = async (name, unit, urls, speedOf, ratioAtLeast) => {
    bench.say(`  ${name}`);
    const contenders = { tidegate: () => speedOf(urls.tidegate), nginx: () => speedOf(urls.nginx) };
    const { tidegate, nginx } = await measure(rounds, contenders, { warmUp: true });
    return {
      name,
      unit,
      value: median(tidegate),
      reference: { name: 'nginx', value: median(nginx) },
      ratio: ratio(tidegate, nginx),
      target: ratioAtLeast && { ratioAtLeast },
    };
  };
  return [
    await compare('1 GiB, one client', 'MiB/s', large, (url) => download(url, LARGE), 0.7),
    await compare('1 KiB, 32 connections', 'req/s', small, (url) => requests(url, 32), 0.6),
    await compare('1 KiB, 256 connections', 'req/s', small, (url) => requests(url, 256), 0.6),
    await compare('64 KiB ranges of 1 GiB, 32 connections', 'req/s', large, (url) => requests(url, 32, ['-s', ranges])),
  ];
}

async function checkSame(url, path) {
  const answer = await fetch(url);
  const [ours, theirs] = [await digest(answer.body), await digest(createReadStream(path))];
  if (answer.status !== 200 || ours !== theirs) throw new Error(`${url} does not serve what was pinned`);
}

async function digest(pieces) {
  const hash = createHash('sha256');
  for await (const piece of pieces) hash.update(piece);
  return hash.digest('hex');
}

const RANDOM_RANGES = `-- Asks for another part each time; every run asks for the same ones.
function init() math.randomseed(1) end
function request()
  local first = math.random(0, ${LARGE - RANGE})
  return wrk.format("GET", nil, { ["Range"] = "bytes=" .. first .. "-" .. (first + ${RANGE} - 1) })
end
function response(status)
  if status ~= 206 then print("Non-2xx: " .. status) end
end
`;
