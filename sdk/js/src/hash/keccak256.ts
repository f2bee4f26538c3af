// Keccak-256 as Ethereum has it: SHA-3 (FIPS 202) with the padding of its draft. For short texts; it is not made to be fast.

/** Bytes of the state that a block fills. */
const RATE = 136;
const LANES = 25;
const MASK = (1n << 64n) - 1n;

/** The hash of `bytes`. `padding` 0x06 makes it SHA3-256. */
export function keccak256(bytes: Uint8Array, padding = 0x01): Uint8Array {
  const padded = new Uint8Array((Math.floor(bytes.length / RATE) + 1) * RATE);
  padded.set(bytes);
  padded[bytes.length]! ^= padding;
  padded[padded.length - 1]! ^= 0x80;
  const view = new DataView(padded.buffer);
  let state: bigint[] = Array(LANES).fill(0n);
  for (let at = 0; at < padded.length; at += RATE) {
    for (let lane = 0; lane < RATE / 8; lane += 1) state[lane]! ^= view.getBigUint64(at + lane * 8, true);
    state = permuted(state);
  }
  const digest = new DataView(new ArrayBuffer(32));
  for (let lane = 0; lane < 4; lane += 1) digest.setBigUint64(lane * 8, state[lane]!, true);
  return new Uint8Array(digest.buffer);
}

/** Keccak-f[1600]. Lane (x, y) is number x + 5y. */
function permuted(state: bigint[]): bigint[] {
  let lfsr = 1;
  for (let round = 0; round < 24; round += 1) {
    const columns = [0, 1, 2, 3, 4].map((x) => [0, 5, 10, 15, 20].reduce((sum, y) => sum ^ state[x + y]!, 0n));
    state = state.map((lane, at) => lane ^ columns[(at + 4) % 5]! ^ rotated(columns[(at + 1) % 5]!, 1));
    // ρ and π: each lane is turned, and goes to another place.
    let [x, y] = [1, 0];
    const moved = [...state];
    for (let step = 0; step < 24; step += 1) {
      const from = x + 5 * y;
      [x, y] = [y, (2 * x + 3 * y) % 5];
      moved[x + 5 * y] = rotated(state[from]!, (((step + 1) * (step + 2)) / 2) % 64);
    }
    state = moved.map((lane, at) => {
      const row = at - (at % 5);
      return lane ^ (~moved[row + ((at + 1) % 5)]! & MASK & moved[row + ((at + 2) % 5)]!);
    });
    // ι: the round's constant, bit by bit out of a shift register.
    for (let bit = 0; bit < 7; bit += 1) {
      if (lfsr & 1) state[0]! ^= 1n << BigInt(2 ** bit - 1);
      lfsr = (lfsr << 1) ^ (lfsr & 0x80 ? 0x171 : 0);
    }
  }
  return state;
}

function rotated(lane: bigint, bits: number): bigint {
  const by = BigInt(bits);
  return ((lane << by) | (lane >> (64n - by))) & MASK;
}
