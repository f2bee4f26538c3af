// Requests signed by hand, in every way that clients sign, for suites that ask without a client.

import { getBytes, hashMessage, keccak256, toBeArray, toUtf8Bytes } from 'ethers';

/** The signature that classic clients send: personal_sign over the 32 bytes of the text's Keccak hash. */
export function signText(wallet, text) {
  return sign(wallet, getBytes(keccak256(toUtf8Bytes(text))));
}

/** As ocean.js signs since 5.0: leading zero bytes of the hash are lost, one text in 256 has some. */
export function signTextStripped(wallet, text) {
  return sign(wallet, toBeArray(keccak256(toUtf8Bytes(text))));
}

/** personal_sign over the hash written as text, 66 characters of it. */
export function signTextAsHex(wallet, text) {
  return sign(wallet, keccak256(toUtf8Bytes(text)));
}

function sign(wallet, message) {
  return wallet.signingKey.sign(hashMessage(message)).serialized;
}
