/** Random runs that can be repeated: the seed is printed. */

export interface SeededRandom {
  readonly seed: number;
  /** In [0, 1). */
  next(): number;
  /** A whole number from `least` to `most`. */
  whole(least: number, most: number): number;
  pick<Value>(values: readonly Value[]): Value;
}

/**
 * CI draws the same every time, so that no change fails by another one's luck; whoever works here draws something new.
 * `TEST_SEED` sets it.
 */
export function chooseSeed(): number {
  const wanted = process.env["TEST_SEED"];
  if (wanted !== undefined) return Number(wanted);
  return process.env["CI"] === undefined ? Math.floor(Math.random() * 2 ** 30) : CI_SEED;
}

const CI_SEED = 20_261_123;

/** Names `what` and the seed on the console, so that a failure can be run again. */
export function seededRandom(what: string): SeededRandom {
  const seed = chooseSeed();
  console.log(`${what}: TEST_SEED=${seed}`);
  const next = mulberry32(seed);
  const whole = (least: number, most: number) => least + Math.floor(next() * (most - least + 1));
  return { seed, next, whole, pick: (values) => values[whole(0, values.length - 1)]! };
}

/** Tommy Ettinger's generator: 32 bits of state, good enough for tests and short enough to read. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
