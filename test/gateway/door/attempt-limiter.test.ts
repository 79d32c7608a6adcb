import { describe, expect, test } from "bun:test";
import { AttemptLimiter } from "../../../src/gateway/door/attempt-limiter.ts";
import { seededRandom } from "../../support/probes/seeded-random.ts";

const MINUTE_MS = 60_000;

const limiterOf = (perMinute: number, keysMax = 100) => new AttemptLimiter({ perMinute, keysMax });

/** Takes so many attempts at once; true when every one was granted. */
function takeMany(limiter: AttemptLimiter, key: string, count: number, nowMs = 0): boolean {
  const waits = Array.from({ length: count }, () => limiter.take(key, nowMs));
  return waits.every((wait) => wait === undefined);
}

describe("[R23] a key's attempts", () => {
  test.each([1, 7, 60, 1200, 999_999])("are %i at once, and not one more", (perMinute) => {
    const limiter = limiterOf(perMinute);
    // The time of day in milliseconds is large: what is added to it must not be rounded away.
    const nowMs = 1_795_000_000_000;
    expect(takeMany(limiter, "a", perMinute, nowMs)).toBe(true);
    expect(limiter.take("a", nowMs)).toBe(Math.ceil(MINUTE_MS / perMinute));
  });

  test("come back evenly", () => {
    const limiter = limiterOf(60);
    takeMany(limiter, "a", 60);
    expect(limiter.take("a", 999)).toBe(1);
    expect(limiter.take("a", 1000)).toBeUndefined();
    expect(limiter.take("a", 1000)).toBe(1000);
    expect(takeMany(limiter, "a", 10, 11_000)).toBe(true);
    expect(limiter.take("a", 11_000)).toBe(1000);
  });

  test("are never more than a minute's worth, however long nobody came", () => {
    const limiter = limiterOf(5);
    takeMany(limiter, "a", 5);
    expect(takeMany(limiter, "a", 5, 3_600_000)).toBe(true);
    expect(limiter.take("a", 3_600_000)).toBe(12_000);
  });

  test("cost nothing where they are refused", () => {
    const limiter = limiterOf(60);
    takeMany(limiter, "a", 60);
    for (let count = 0; count < 1000; count += 1) expect(limiter.take("a", 500)).toBe(500);
    expect(limiter.take("a", 1000)).toBeUndefined();
  });

  test("are those of this key alone", () => {
    const limiter = limiterOf(3);
    takeMany(limiter, "a", 3);
    expect(limiter.take("a", 0)).toBe(20_000);
    expect(takeMany(limiter, "b", 3)).toBe(true);
  });

  test("are neither lost nor won when the clock is set back", () => {
    const limiter = limiterOf(60);
    takeMany(limiter, "a", 60, 1_000_000);
    expect(limiter.take("a", 400_000)).toBe(1000);
    expect(limiter.take("a", 401_000)).toBeUndefined();
    expect(limiter.take("a", 401_000)).toBe(1000);
  });
});

test("[R23] in any window a key gets a minute's worth and what the window earns, and waiting as told is enough", () => {
  const random = seededRandom("attempt-limiter");
  for (let run = 0; run < 100; run += 1) {
    const perMinute = random.whole(1, random.pick([3, 60, 5000]));
    const limiter = limiterOf(perMinute);
    const grantedAtMs: number[] = [];
    let nowMs = random.whole(0, 2_000_000_000_000);
    for (let step = 0; step < 300; step += 1) {
      nowMs += random.whole(0, random.pick([0, 1, 100, 20_000]));
      const waitMs = limiter.take("a", nowMs);
      if (waitMs === undefined) {
        grantedAtMs.push(nowMs);
        continue;
      }
      expect(waitMs).toBeGreaterThan(0);
      expect(waitMs).toBeLessThanOrEqual(Math.ceil(MINUTE_MS / perMinute));
      if (random.next() < 0.5) continue;
      expect(limiter.take("a", nowMs + waitMs - 1)).toBe(1);
      nowMs += waitMs;
      expect(limiter.take("a", nowMs)).toBeUndefined();
      grantedAtMs.push(nowMs);
    }
    const excess = grantedAtMs.flatMap((fromMs, first) =>
      grantedAtMs.slice(first).map((toMs, index) => {
        const earned = ((toMs - fromMs) * perMinute) / MINUTE_MS;
        return index + 1 - perMinute - earned;
      }),
    );
    expect(Math.max(...excess)).toBeLessThanOrEqual(1e-6);
  }
});

describe("[R23] the memory of keys", () => {
  test("is bounded", () => {
    const limiter = limiterOf(2, 50);
    for (let count = 0; count < 10_000; count += 1) takeMany(limiter, `key-${count}`, 2);
    expect(limiter.size).toBeLessThanOrEqual(50);
  });

  test("keeps who has spent his attempts, whatever number of others come once or a few times", () => {
    const limiter = limiterOf(10, 50);
    takeMany(limiter, "spent", 10);
    for (let count = 0; count < 10_000; count += 1) takeMany(limiter, `key-${count}`, 5);
    expect(limiter.take("spent", 0)).toBe(6000);
  });

  test("forgets who has spent his attempts only for as many others that have spent half of theirs", () => {
    const limiter = limiterOf(10, 50);
    takeMany(limiter, "spent", 10);
    for (let count = 0; count < 11; count += 1) takeMany(limiter, `key-${count}`, 6);
    expect(limiter.take("spent", 0)).toBe(6000);
    for (let count = 0; count < 24; count += 1) takeMany(limiter, `other-${count}`, 6);
    expect(limiter.take("spent", 0)).toBeUndefined();
  });

  test("never refuses a key for what others have done", () => {
    const random = seededRandom("attempt-limiter's memory");
    const limiter = limiterOf(5, 20);
    const takenBy = new Map<string, number>();
    for (let step = 0; step < 20_000; step += 1) {
      const key = `key-${random.whole(0, 100)}`;
      const taken = takenBy.get(key) ?? 0;
      if (limiter.take(key, 0) === undefined) takenBy.set(key, taken + 1);
      else expect(taken).toBeGreaterThanOrEqual(5);
    }
  });
});
