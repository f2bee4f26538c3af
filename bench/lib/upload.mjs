// Uploads as clients make them: a file with curl, or bytes made on the way with Node. Whoever calls has hashed and signed before.

import { Agent, request } from 'node:http';
import { once } from 'node:events';
import { output } from './programs.mjs';

const BOUNDARY = 'tidegate-bench-boundary';

/** Uploads a file with curl and gives the seconds from the request's begin to the answer's end. */
export async function uploadFile(server, account, { path, cid, fileFirst }) {
  const fields = ['-F', `cid=${cid}`, '-F', `secret=${account.sign(cid)}`];
  const file = ['-F', `file=@${path}`];
  const printed = await output('curl', [
    '-sS', '-w', '\n%{http_code} %{time_total}', '-H', `UserAccessToken: ${account.token}`,
    ...(fileFirst ? [...file, ...fields] : [...fields, ...file]),
    `${server.url}/pinning/pinFile`,
  ]);
  const [status, seconds] = printed.split('\n').at(-1).split(' ');
  if (status !== '200') throw new Error(`pinFile answered ${printed}`);
  return Number(seconds);
}

/** Connections that are kept, `connections` of them at most. */
export function connections(count) {
  return new Agent({ keepAlive: true, maxSockets: count });
}

/** A form with everything but the file's bytes: what comes before and after them. */
export function form(cid, secret) {
  const field = (name, value) => `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
  const file = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="content"\r\nContent-Type: application/octet-stream\r\n\r\n`;
  return { before: Buffer.from(field('cid', cid) + field('secret', secret) + file), after: Buffer.from(`\r\n--${BOUNDARY}--\r\n`) };
}

/** Uploads `size` bytes that `pieces` gives, each when the connection can take more. */
export async function uploadPieces(server, account, { before, after }, pieces, size, agent) {
  const sent = request(`${server.url}/pinning/pinFile`, {
    method: 'POST',
    agent,
    headers: {
      UserAccessToken: account.token,
      'Content-Type': `multipart/form-data; boundary=${BOUNDARY}`,
      'Content-Length': before.length + size + after.length,
    },
  });
  const answered = once(sent, 'response');
  sent.write(before);
  for (const piece of pieces) {
    if (!sent.write(piece)) await once(sent, 'drain');
  }
  sent.end(after);
  const [answer] = await answered;
  let body = '';
  for await (const text of answer) body += text;
  if (answer.statusCode !== 200) throw new Error(`pinFile answered ${answer.statusCode} ${body}`);
}
