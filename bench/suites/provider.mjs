// What a Provider is asked most: nonces, quotes, files' details, tokens and small downloads, beside nginx with a file of 1 KiB.

import { join } from 'node:path';
import { requests } from '../lib/load.mjs';
import { Sale } from '../lib/sale.mjs';
import { eachLine, posting, withTokens } from '../lib/wrk.mjs';

const CONNECTIONS = 64;
/** Far more than connections, so that two requests of one are never under way at once. */
const SIGNERS = 2048;
/** Three times as far apart as one answer was ever late. */
const BUYERS = 960;
/** Signatures for one round of three seconds. */
const SIGNED = 60_000;
const YEAR = 365 * 24 * 3600;

export const about = 'nonces, quotes, details, tokens and downloads of 1 KiB a second, beside nginx with a file of 1 KiB';

export async function run(bench) {
  const sale = await Sale.open(bench);
  const { market, url } = sale;
  const small = join(sale.files, 'small');
  const asset = await market.publish(sale.seller, [await sale.pinned(small), { type: 'url', url: `${sale.nginx.url}/small`, method: 'GET' }]);
  const buyers = await sale.buyers(asset, BUYERS);
  const metrics = [
    await sale.beside('nonce', 30_000, () => requests(`${url}/nonce?userAddress=${sale.seller.address}`, CONNECTIONS)),
    await sale.beside('initialize', 8_000, () => requests(`${url}/initialize?${quoteOf(asset, sale.seller.address)}`, CONNECTIONS)),
    await sale.beside("fileinfo of an origin's file", 1_500, () => requests(`${url}/fileinfo`, CONNECTIONS, posting(bench.workshop, { type: 'url', url: `${sale.nginx.url}/small`, method: 'GET' }))),
    await sale.beside('createAuthToken, each with a new signature', 10_000, tokens(sale)),
    await sale.beside('download of a pinned file by token', 6_000, await byToken(sale, asset, buyers, 0)),
    await sale.beside("download of an origin's file by token", 0, await byToken(sale, asset, buyers, 1)),
    await sale.beside('download of a pinned file by signature', 6_000, bySignature(sale, asset, buyers)),
  ];
  await sale.close();
  return metrics;
}

function quoteOf({ did, service }, consumerAddress) {
  return new URLSearchParams({ documentId: did, serviceId: service.id, consumerAddress });
}

/** Makes tokens with signatures made for the round. */
function tokens(sale) {
  const signers = Array.from({ length: SIGNERS }, () => sale.newSigner());
  const expiration = Math.floor(Date.now() / 1000) + YEAR;
  return () =>
    signed(sale, signers, (signer, nonce) => {
      const query = new URLSearchParams({ address: signer.address, nonce, expiration, signature: signer.sign(`${signer.address}${nonce}`) });
      return `GET /api/services/createAuthToken?${query}`;
    });
}

/** Downloads with a token for each buyer. */
async function byToken(sale, asset, buyers, fileIndex) {
  const lines = [];
  const expiration = Math.floor(Date.now() / 1000) + YEAR;
  for (const { signer, tx } of buyers) {
    const nonce = firstNonce();
    const ask = { address: signer.address, nonce, expiration, signature: signer.sign(`${signer.address}${nonce}`) };
    const answer = await sale.stack.provider.get('createAuthToken', ask);
    const { token } = await answer.json();
    if (!token) throw new Error(`createAuthToken answered ${answer.status}`);
    lines.push(`/api/services/download?${downloadOf(asset, signer, tx, fileIndex)} ${token}`);
  }
  const { flags, given } = withTokens(sale.bench.workshop, lines);
  return () => requests(sale.url, CONNECTIONS, flags, [...given, firstNonce()]);
}

/** Downloads with signatures made for the round. */
function bySignature(sale, asset, buyers) {
  return () =>
    signed(sale, buyers, ({ signer, tx }, nonce) => {
      const query = downloadOf(asset, signer, tx, 0);
      return `GET /api/services/download?${query}&nonce=${nonce}&signature=${signer.sign(`${asset.did}${nonce}`)}`;
    });
}

function downloadOf({ did, service }, { address }, tx, fileIndex) {
  return new URLSearchParams({ documentId: did, serviceId: service.id, fileIndex, transferTxId: tx, consumerAddress: address });
}

/** Sends requests that `line` makes of a signer and a nonce, for all signers in turn. */
function signed(sale, signers, line) {
  const first = Number(firstNonce());
  const lines = Array.from({ length: SIGNED }, (_, index) => line(signers[index % signers.length], String(first + index)));
  const { flags, given } = eachLine(sale.bench.workshop, lines);
  return requests(sale.url, CONNECTIONS, flags, given);
}

/** Above every nonce of an earlier round: microseconds. */
function firstNonce() {
  return String(Date.now() * 1000);
}
