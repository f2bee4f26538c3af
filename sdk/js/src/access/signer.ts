// Wallets, and the signature that the Provider's API wants of them.

import { TidegateError } from '../errors.js';
import { toHex } from '../hash/hex.js';
import { keccak256 } from '../hash/keccak256.js';

/** A wallet in a browser (EIP-1193): `window.ethereum` and the like. */
export interface Eip1193Provider {
  request(call: { method: string; params?: unknown[] }): Promise<unknown>;
}

/** A signer of ethers, or anything that signs as it does. */
export interface MessageSigner {
  getAddress(): Promise<string>;
  /** personal_sign (EIP-191) over these bytes. */
  signMessage(message: Uint8Array): Promise<string>;
}

/** Whoever signs. */
export type Wallet = Eip1193Provider | MessageSigner;

/** The wallet's address, as it goes into messages. */
export async function addressOf(wallet: Wallet | undefined): Promise<string> {
  if (!wallet) throw new TidegateError('signer is not set: this call needs a wallet', { code: 'configuration' });
  if ('getAddress' in wallet) return wallet.getAddress();
  const [address] = ((await wallet.request({ method: 'eth_requestAccounts' })) as string[]) ?? [];
  if (!address) throw new TidegateError('the wallet shows no account', { code: 'configuration' });
  return address;
}

/** personal_sign over the 32 bytes of the text's Keccak hash, as classic clients of the Provider sign. */
export async function signText(wallet: Wallet, address: string, text: string): Promise<string> {
  const hash = keccak256(new TextEncoder().encode(text));
  if ('signMessage' in wallet) return wallet.signMessage(hash);
  return (await wallet.request({ method: 'personal_sign', params: [`0x${toHex(hash)}`, address] })) as string;
}
