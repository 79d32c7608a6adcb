import { describe, expect, test } from "bun:test";
import { TokenBucket, type TokenBucketOptions } from "../../src/kernel/token-bucket.ts";
import { seededRandom, type SeededRandom } from "../support/probes/seeded-random.ts";

/** The time of day in milliseconds is large: what is added to it must not be rounded away. */
const NOW_MS = 1_795_000_000_000;

/** One unit a millisecond, and three times a hundred of them at once. */
const bucketOfThree = () => new TokenBucket({ capacity: 300, earnedPerMs: 1 });

describe("a bucket that is taken from", () => {
  test("gives its whole capacity at once, and not one more", () => {
    const bucket = bucketOfThree();
    expect([1, 2, 3, 4].map(() => bucket.take(100, NOW_MS))).toEqual([0, 0, 0, 100]);
    expect(bucket.availableAt(NOW_MS)).toBe(0);
  });

  test("fills evenly, and says when there is enough", () => {
    const bucket = bucketOfThree();
    bucket.take(300, NOW_MS);
    expect(bucket.take(100, NOW_MS + 99)).toBe(1);
    expect(bucket.take(100, NOW_MS + 100)).toBe(0);
    expect(bucket.take(100, NOW_MS + 100)).toBe(100);
  });

  test("holds no more than its capacity, however long nobody came", () => {
    const bucket = bucketOfThree();
    bucket.take(300, NOW_MS);
    expect(bucket.availableAt(2 * NOW_MS)).toBe(300);
  });

  test("takes nothing where it refuses", () => {
    const bucket = bucketOfThree();
    bucket.take(250, NOW_MS);
    for (let count = 0; count < 1000; count += 1) expect(bucket.take(100, NOW_MS)).toBe(50);
    expect(bucket.take(100, NOW_MS + 50)).toBe(0);
  });

  test("rounds a wait up to the millisecond in which there is enough", () => {
    const bucket = new TokenBucket({ capacity: 70, earnedPerMs: 7 });
    bucket.take(70, NOW_MS);
    expect(bucket.take(10, NOW_MS)).toBe(2);
    expect(bucket.take(10, NOW_MS + 2)).toBe(0);
    expect(bucket.availableAt(NOW_MS + 2)).toBe(4);
  });

  test("neither wins nor loses when the clock is set back", () => {
    const bucket = bucketOfThree();
    bucket.take(300, NOW_MS);
    expect(bucket.take(100, NOW_MS - 3_600_000)).toBe(100);
    expect(bucket.take(100, NOW_MS - 3_600_000 + 100)).toBe(0);
    expect(new TokenBucket({ capacity: 1, earnedPerMs: 1 }).availableAt(-NOW_MS)).toBe(1);
  });
});

describe("a bucket that is reserved from", () => {
  test("lets its capacity go at once, and spaces out what comes after it", () => {
    const bucket = bucketOfThree();
    const waits = Array.from({ length: 6 }, () => bucket.reserve(100, NOW_MS));
    expect(waits).toEqual([0, 0, 0, 100, 200, 300]);
    expect(bucket.availableAt(NOW_MS)).toBe(-300);
  });

  test("grants what a rest has earned, and no more than its capacity", () => {
    const bucket = new TokenBucket({ capacity: 200, earnedPerMs: 1 });
    expect([bucket.reserve(100, 0), bucket.reserve(100, 0)]).toEqual([0, 0]);
    expect([bucket.reserve(100, 100), bucket.reserve(100, 150)]).toEqual([0, 50]);
    expect([1, 2, 3].map(() => bucket.reserve(100, 10_000))).toEqual([0, 0, 100]);
  });

  test("keeps a turn that was taken ahead of time for whoever took it", () => {
    const bucket = new TokenBucket({ capacity: 100, earnedPerMs: 1 });
    const turns = [0, 10, 20].map((nowMs) => nowMs + bucket.reserve(100, nowMs));
    expect(turns).toEqual([0, 100, 200]);
    expect(bucket.take(100, 250)).toBe(50);
  });

  test("makes nobody wait for the hour by which the clock is set back", () => {
    const bucket = bucketOfThree();
    for (let count = 0; count < 4; count += 1) bucket.reserve(100, NOW_MS);
    expect(bucket.reserve(100, NOW_MS - 3_600_000)).toBe(200);
  });
});

test.each([
  ["take", (bucket: TokenBucket, nowMs: number) => bucket.take(100, nowMs), 0],
  // Turns are told in whole milliseconds: two of them may come closer by less than one.
  ["reserve", (bucket: TokenBucket, nowMs: number) => bucket.reserve(100, nowMs), 1],
] as const)(
  "any stretch of time sees the capacity and what it earns, by %s",
  (way, ask, slackMs) => {
    const random = seededRandom(`token-bucket ${way}`);
    for (let run = 0; run < 50; run += 1) {
      const options = drawOptions(random);
      const goesAtMs = goWhenTold(new TokenBucket(options), way === "take", ask, random);
      const excess = goesAtMs.flatMap((fromMs, first) =>
        goesAtMs.slice(first).map((toMs, index) => {
          return (index + 1) * 100 - options.capacity - (toMs - fromMs) * options.earnedPerMs;
        }),
      );
      expect(Math.max(...excess)).toBeLessThanOrEqual(slackMs * options.earnedPerMs);
    }
  },
);

function drawOptions(random: SeededRandom): TokenBucketOptions {
  return { capacity: 100 * random.whole(1, 30), earnedPerMs: random.whole(1, 40) };
}

/** When each of those went who asked at random times, and went when it was told to. */
function goWhenTold(
  bucket: TokenBucket,
  isAskedAgain: boolean,
  ask: (bucket: TokenBucket, nowMs: number) => number,
  random: SeededRandom,
): readonly number[] {
  const goesAtMs: number[] = [];
  let nowMs = NOW_MS;
  for (let step = 0; step < 200; step += 1) {
    nowMs += random.whole(0, random.pick([0, 1, 100, 2000]));
    const waitMs = ask(bucket, nowMs);
    if (isAskedAgain && waitMs > 0) {
      expect(ask(bucket, nowMs + waitMs - 1)).toBe(1);
      nowMs += waitMs;
      expect(ask(bucket, nowMs)).toBe(0);
      goesAtMs.push(nowMs);
    } else goesAtMs.push(nowMs + waitMs);
  }
  return goesAtMs;
}

test.each([
  [{ capacity: 0, earnedPerMs: 1 }],
  [{ capacity: 1.5, earnedPerMs: 1 }],
  [{ capacity: 2 ** 60, earnedPerMs: 1 }],
  [{ capacity: 1, earnedPerMs: 0 }],
  [{ capacity: 1, earnedPerMs: 0.5 }],
])("is made for whole numbers above zero, and not for %o", (options) => {
  expect(() => new TokenBucket(options)).toThrow(/expected a whole/);
});
