// The signature over a CID's text: the same bytes as every other client makes, by Node and by big integers.

import assert from 'node:assert/strict';
import { constants, createPrivateKey, generateKeyPairSync, privateEncrypt } from 'node:crypto';
import { test } from 'node:test';
import { utils } from '@tidegate/sdk';
import { fromBase64, toBase64 } from '../../dist/signature/base64.js';
import { numbersOf, pkcs8Of } from '../../dist/signature/key.js';
import { signRaw } from '../../dist/signature/rsa.js';
import { vectors } from '../lib/content.mjs';

const { keys } = vectors('cid-signatures');

test('it is what the vectors say, both ways', () => {
  for (const { privateKey, good } of keys) {
    for (const { cid, secret } of good) {
      assert.equal(utils.signCid(privateKey, cid), secret);
      assert.equal(inIntegers(privateKey, cid), secret);
    }
  }
});

test('keys of every length give what Node’s own operation gives', () => {
  for (const modulusLength of [1024, 1536, 2047, 3072]) {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength });
    const cid = 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku';
    const expected = privateEncrypt({ key: privateKey, padding: constants.RSA_PKCS1_PADDING }, Buffer.from(cid)).toString('base64');
    const line = privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64');
    assert.equal(inIntegers(line, cid), expected, `${modulusLength} bits`);
    assert.equal(utils.signCid(line, cid), expected);
  }
});

test('a key may be one line, wrapped, or PEM in either form', () => {
  const [{ privateKey, good }] = keys;
  const { cid, secret } = good[0];
  const key = createPrivateKey({ key: Buffer.from(privateKey, 'base64'), format: 'der', type: 'pkcs8' });
  const forms = [
    privateKey.match(/.{1,64}/g).join('\n'),
    ` ${privateKey}\n`,
    key.export({ type: 'pkcs8', format: 'pem' }),
    key.export({ type: 'pkcs1', format: 'pem' }),
    `-----BEGIN PRIVATE KEY-----${privateKey}-----END PRIVATE KEY-----`,
  ];
  for (const form of forms) {
    assert.equal(utils.signCid(form, cid), secret);
    assert.equal(inIntegers(form, cid), secret);
  }
});

test('what is no RSA key is refused without repeating it', () => {
  const ed25519 = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' });
  const [{ privateKey, publicKey }] = keys;
  const der = fromBase64(privateKey);
  const cut = [1, 30, 200, der.length - 1].map((length) => toBase64(der.subarray(0, length)));
  for (const bad of ['no key', '====', ed25519, publicKey, `-----BEGIN PUBLIC KEY-----${publicKey}-----END PUBLIC KEY-----`, ...cut]) {
    assert.throws(() => utils.signCid(bad, 'Qm'), (error) => error.code === 'bad_key' && !error.message.includes(bad.slice(0, 40)), bad.slice(0, 30));
  }
  assert.throws(() => utils.signCid('', 'Qm'), { code: 'configuration' });
});

test('a key with a spoiled number signs nothing', () => {
  const key = numbersOf(pkcs8Of(keys[0].privateKey));
  const message = new TextEncoder().encode('Qm');
  for (const name of ['dp', 'dq', 'qInverse']) assert.throws(() => signRaw({ ...key, [name]: key[name] ^ 2n }, message), { code: 'bad_key' }, name);
  assert.throws(() => signRaw(key, new Uint8Array(246)), { code: 'bad_key' });
});

function inIntegers(privateKey, cid) {
  return toBase64(signRaw(numbersOf(pkcs8Of(privateKey)), new TextEncoder().encode(cid)));
}
