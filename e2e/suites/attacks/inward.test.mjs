// Redirects and names that lead inwards, in a network of our own: public and private addresses are both on this machine there,
// and the name server is ours. Needs a kernel that lets us make one; inward.inside.mjs is what runs in it.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { need } from '../../../bench/lib/programs.mjs';
import { Workshop } from '../../../bench/lib/workshop.mjs';
import { ADDRESSES } from '../../lib/inside.mjs';

const INSIDE = join(import.meta.dirname, 'inward.inside.mjs');
const NAMESPACE = ['--user', '--map-root-user', '--net', '--mount'];

test('what seems public does not lead inwards', (t) => {
  const probe = spawnSync('unshare', [...NAMESPACE, 'true'], { encoding: 'utf8' });
  if (probe.status !== 0) return t.skip(`this kernel gives us no network of our own: ${probe.error ?? probe.stderr}`);
  need('ip', 'iproute2');
  const resolver = new Workshop(undefined, 'tidegate-e2e-').path('resolv.conf');
  writeFileSync(resolver, 'nameserver 127.0.0.1\n');
  const setUp = [
    'ip link set lo up',
    ...ADDRESSES.map((address) => `ip addr add ${address} dev lo`),
    'mount --bind "$1" "$(readlink --canonicalize /etc/resolv.conf)"',
    'exec "$2" --test --test-reporter=spec "$3"',
  ];
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const args = [...NAMESPACE, 'sh', '-c', setUp.join(' && '), 'sh', resolver, process.execPath, INSIDE];
  const { status, stdout, stderr } = spawnSync('unshare', args, { encoding: 'utf8', env, maxBuffer: 64 << 20 });
  assert.equal(status, 0, `${stdout}${stderr}`);
  return undefined;
});
