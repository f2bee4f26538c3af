// Contracts that no compiler was needed for: one that calls others and emits what it is told, and a wallet.

import { concat, dataLength, toBeHex, zeroPadValue } from 'ethers';

const push = (value, bytes) => concat([toBeHex(0x5f + bytes, 1), toBeHex(value, bytes)]);
const [STOP, MUL, EQ, ISZERO, SHL, SHR, CALLDATALOAD, CODECOPY, POP, MLOAD, MSTORE, JUMPI, GAS, JUMPDEST, CALL, RETURN, STATICCALL, REVERT] = [
  0x00, 0x02, 0x14, 0x15, 0x1b, 0x1c, 0x35, 0x39, 0x50, 0x51, 0x52, 0x57, 0x5a, 0x5b, 0xf1, 0xf3, 0xfa, 0xfd,
].map((code) => toBeHex(code, 1));
const LOG0 = 0xa0;
/** Wide enough for any place in our code, so that the length of an instruction never depends on it. */
const WIDE = 3;

/** Deploys `runtime` and gives its address. */
export async function deploy(deployer, runtime) {
  const size = dataLength(runtime);
  const prologue = (start) => concat([push(size, WIDE), push(start, WIDE), push(0, 1), CODECOPY, push(size, WIDE), push(0, 1), RETURN]);
  const sent = await deployer.sendTransaction({ data: concat([prologue(dataLength(prologue(0))), runtime]) });
  const receipt = await sent.wait();
  return receipt.contractAddress;
}

/**
 * A contract that takes `steps` in order whenever it is called, whoever calls: `{ call: address, data }` or
 * `{ log: topics, data }`. If a call fails, all of it does.
 */
export function script(steps) {
  const assemble = (starts, failed) => {
    const code = steps.map((step, index) => concat([copyToMemory(starts[index], step.data), step.call ? call(step, failed) : log(step)]));
    return concat([...code, STOP, JUMPDEST, push(0, 1), push(0, 1), REVERT]);
  };
  const length = dataLength(assemble(steps.map(() => 0), 0));
  const ends = [];
  for (const { data } of steps) ends.push((ends.at(-1) ?? length) + dataLength(data));
  const starts = steps.map(({ data }, index) => ends[index] - dataLength(data));
  const failed = length - dataLength(concat([JUMPDEST, push(0, 1), push(0, 1), REVERT]));
  return concat([assemble(starts, failed), ...steps.map(({ data }) => data)]);
}

function copyToMemory(start, data) {
  return concat([push(dataLength(data), WIDE), push(start, WIDE), push(0, 1), CODECOPY]);
}

function call({ call: address, data }, failed) {
  const output = concat([push(0, 1), push(0, 1)]);
  const input = concat([push(dataLength(data), WIDE), push(0, 1)]);
  return concat([output, input, push(0, 1), push(address, 20), GAS, CALL, ISZERO, push(failed, WIDE), JUMPI]);
}

function log({ log: topics, data }) {
  const pushed = [...topics].reverse().map((topic) => push(topic, 32));
  return concat([...pushed, push(dataLength(data), WIDE), push(0, 1), toBeHex(LOG0 + topics.length, 1)]);
}

/** A contract wallet (ERC-1271) that takes every signature of `owner`, 65 bytes over the hash itself, and no other. */
export function wallet(owner) {
  const word = (position, shift) => concat([push(position, 1), CALLDATALOAD, ...(shift ? [push(shift, 1), SHR] : [])]);
  const store = (value, position) => concat([value, push(position, 1), MSTORE]);
  const ecrecover = concat([push(32, 1), push(128, 1), push(128, 1), push(0, 1), push(1, 1), GAS, STATICCALL, POP]);
  const isOwner = concat([push(128, 1), MLOAD, push(owner, 20), EQ]);
  const magic = concat([push('0x1626ba7e', 4), push(224, 1), SHL]);
  return concat([
    // isValidSignature(bytes32 hash, bytes signature): r, s and v follow the hash, an offset and a length.
    store(word(4), 0), store(word(164, 248), 32), store(word(100), 64), store(word(132), 96),
    ecrecover,
    store(concat([isOwner, magic, MUL]), 0),
    push(32, 1), push(0, 1), RETURN,
  ]);
}

/** An address as a topic of an event. */
export function topicOf(address) {
  return zeroPadValue(address, 32);
}
