// What there is in the network of our own: addresses, and a name server whose answers change.

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv4 } from 'node:net';

/** An address that anybody may be asked at, and one as good. */
export const PUBLIC = ['8.8.4.4', '2606:4700::1111'];
/** Addresses that nobody may be asked at, though somebody answers there. */
export const PRIVATE = [
  '10.1.2.3', '100.64.0.1', '169.254.169.254', '172.16.0.1', '192.0.0.8', '192.168.1.1', '198.18.0.1', '203.0.113.5', 'fd00::1', 'fe80::1234', '64:ff9b::a01:203',
];
/** All of them, as `ip addr add` takes them. */
export const ADDRESSES = [...PUBLIC, ...PRIVATE].map((address) => (isIPv4(address) ? `${address}/32` : `${address}/128`));

const TYPES = { 1: 'A', 28: 'AAAA' };

/** A running name server on port 53. */
export class NameServer {
  #names = new Map();

  static async start() {
    const names = new NameServer();
    names.socket = createSocket('udp4');
    names.socket.on('message', (query, { port, address }) => names.socket.send(names.#answer(query), port, address));
    names.socket.bind(53, '127.0.0.1');
    await once(names.socket, 'listening');
    return names;
  }

  stop() {
    this.socket.close();
  }

  /** Lets `name` have `answers`: one list of addresses for each time it is asked, the last one for ever. */
  say(name, ...answers) {
    this.#names.set(name, { A: answers, AAAA: answers, asked: { A: 0, AAAA: 0 } });
    return name;
  }

  #answer(query) {
    const labels = [];
    let end = 12;
    for (; query[end] !== 0; end += query[end] + 1) labels.push(query.toString('ascii', end + 1, end + 1 + query[end]));
    const type = TYPES[query.readUInt16BE(end + 1)];
    const question = query.subarray(12, end + 5);
    const known = this.#names.get(labels.join('.').toLowerCase());
    const addresses = known && type ? known[type][Math.min(known.asked[type], known[type].length - 1)] : [];
    if (known && type) known.asked[type] += 1;
    const fitting = addresses.filter((address) => isIPv4(address) === (type === 'A'));
    const header = Buffer.from([query[0], query[1], 0x81, known ? 0x80 : 0x83, 0, 1, 0, fitting.length, 0, 0, 0, 0]);
    return Buffer.concat([header, question, ...fitting.map((address) => record(query.subarray(end + 1, end + 3), address))]);
  }
}

/** An answer of the question's name and `type`, which may not be kept. */
function record(type, address) {
  const bytes = isIPv4(address) ? Buffer.from(address.split('.').map(Number)) : ipv6(address);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([Buffer.from([0xc0, 0x0c]), type, Buffer.from([0, 1, 0, 0, 0, 0]), length, bytes]);
}

function ipv6(address) {
  const [head, tail] = address.split('::').map((half) => half.split(':').filter(Boolean));
  const groups = tail === undefined ? head : [...head, ...Array(8 - head.length - tail.length).fill('0'), ...tail];
  return Buffer.from(groups.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]));
}
