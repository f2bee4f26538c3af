// Interleaved rounds, and what is made of their numbers.

/**
 * Measures every contender once a round, in an order that turns with the rounds, so that none always follows the same.
 * A contender is called with the round and gives a number. With `warmUp`, a first round fills caches and is not kept.
 */
export async function measure(rounds, contenders, { warmUp = false } = {}) {
  const names = Object.keys(contenders);
  const values = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = warmUp ? -1 : 0; round < rounds; round += 1) {
    for (let turn = 0; turn < names.length; turn += 1) {
      const name = names[(turn + round + 1) % names.length];
      const value = await contenders[name](round);
      if (round >= 0) values[name].push(value);
    }
  }
  return values;
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The median of `ours` against `theirs`, taken within each round. */
export function ratio(ours, theirs) {
  return median(ours.map((value, round) => value / theirs[round]));
}
