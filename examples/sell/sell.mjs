// A whole sale: Ada pins a file that stays private and offers it; Ben, who has only heard of the asset, buys and downloads it.
// Both use ocean.js 3.4.6 as a market does. The chain, the metadata cache and the server are those of the end-to-end suites.

import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { buildBinary } from '../../e2e/lib/binary.mjs';
import { filesOf, newAsset, oceanJs } from '../../e2e/lib/ocean-js.mjs';
import { Stack } from '../../e2e/lib/stack.mjs';

const READINGS = Array.from({ length: 24 }, (_, hour) => `${hour}:00,${(20 + 5 * Math.sin(hour / 4)).toFixed(1)}\n`).join('');

buildBinary();
const stack = await Stack.start();
try {
  await sell();
} finally {
  await stack.stop();
}

async function sell() {
  const { chain, provider, cache, addresses } = stack;
  step("A chain with Ocean's contracts", { rpc: chain.url, factory: addresses.ERC721Factory });
  step('Tidegate, with the settings of the Python Provider', { ...stack.environment(), PROVIDER_PRIVATE_KEY: '0x…', url: provider.url });

  const ocean = oceanJs('ocean-js-3', stack);
  const { ProviderInstance, Aquarius, Datatoken, createAsset, orderAsset, downloadFile } = ocean.lib;
  const ada = ocean.signer(await chain.newWallet());
  const ben = ocean.signer(await chain.newWallet());

  const account = await provider.account('ada@example.org');
  await provider.command(['account', 'wallet', 'add', '--email', account.email, ada.address]);
  const file = stack.workshop.path('soil.csv');
  writeFileSync(file, READINGS);
  const { cid } = await provider.command(['pin', file, '--name', 'soil.csv', '--private'], account.keys);
  const stranger = await fetch(`${provider.url}/ipfs/${cid}`);
  step('Ada pins a file that stays private', { account: account.email, wallet: ada.address, cid, 'the gateway answers': stranger.status });

  const aquarius = new Aquarius(cache.url);
  const did = await createAsset(
    'Soil', 'SOIL', ada, filesOf({ type: 'ipfs', hash: cid }), 1, newAsset({ name: 'Soil moisture', price: '0' }), true,
    provider.url, addresses.Ocean, aquarius,
  );
  const asset = await aquarius.waitForIndexer(did, undefined, undefined, 20);
  step('She publishes it as an asset', { did, nft: asset.nftAddress, datatoken: asset.services[0].datatokenAddress });

  const sent = await orderAsset(asset, ben, ocean.config, new Datatoken(ben, 8996), provider.url);
  const { transactionHash } = await sent.wait();
  step('Ben takes a datatoken and orders', { wallet: ben.address, transaction: transactionHash });

  const url = (signer) => ProviderInstance.getDownloadUrl(did, asset.services[0].id, 0, transactionHash, provider.url, signer);
  const { data, filename } = await downloadFile(await url(ben));
  const bytes = Buffer.from(data);
  if (bytes.toString() !== READINGS) throw new Error('the file that came is not the file that was sold');
  step('He downloads it', { file: filename, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') });

  const refused = await fetch(await url(ocean.signer(await chain.newWallet())));
  if (refused.status !== 400) throw new Error(`somebody else's download was answered ${refused.status}`);
  step('Somebody else tries his order', { answer: `${refused.status} ${(await refused.text()).trim()}` });
  process.stdout.write('\nThe bytes are the same, and nobody else has them.\n');
}

/** Prints what has just happened. */
function step(what, facts) {
  const width = Math.max(...Object.keys(facts).map((name) => name.length));
  const lines = Object.entries(facts).map(([name, fact]) => `    ${name.padEnd(width)}  ${fact}`);
  process.stdout.write(`\n${what}\n${lines.join('\n')}\n`);
}
