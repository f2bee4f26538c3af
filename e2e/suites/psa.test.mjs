// The Pinning Service API by its own compliance suite.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Workshop } from '../../bench/lib/workshop.mjs';
import { tidegateBinary } from '../lib/binary.mjs';
import { Provider } from '../lib/provider.mjs';
import { checkCompliance } from '../lib/psa.mjs';

let server;
let workshop;

before(async () => {
  workshop = new Workshop(undefined, 'tidegate-e2e-');
  server = await Provider.start(workshop, tidegateBinary(), {});
});
after(() => workshop?.clear());

test('the compliance suite finds nothing', async () => {
  const { keys } = await server.account('ann@example.org');
  const { total, failed, says } = await checkCompliance(`${server.url}/psa`, keys.TIDEGATE_API_KEY);
  assert.deepEqual({ total, failed }, { total: 9, failed: 0 }, says);
});
