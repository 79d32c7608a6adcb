import { expect, test } from "bun:test";
import { RecentCache } from "../../src/kernel/recent-cache.ts";
import { seededRandom } from "../support/probes/seeded-random.ts";

test("gives back what was set, the latest value of each key, until it is deleted", () => {
  const cache = new RecentCache<string, number>(2);
  cache.set("a", 1);
  cache.set("a", 2);
  expect(cache.get("a")).toBe(2);
  cache.set("b", 3);
  cache.set("a", 4);
  expect([cache.get("a"), cache.get("b"), cache.size]).toEqual([4, 3, 2]);
  cache.delete("a");
  cache.delete("none");
  expect([cache.get("a"), cache.get("b"), cache.size]).toEqual([undefined, 3, 1]);
});

test("[R8] keeps the entries that were used last, and fewer than twice as many", () => {
  const random = seededRandom("recent-cache");
  for (let run = 0; run < 50; run += 1) {
    const entriesLeast = random.whole(1, 20);
    const cache = new RecentCache<number, number>(entriesLeast);
    /** Every key that was used, the latest use last. */
    const used = new Map<number, number>();
    for (let step = 0; step < 500; step += 1) {
      const key = random.whole(0, 60);
      if (random.next() < 0.5) {
        cache.set(key, step);
        used.delete(key);
        used.set(key, step);
      } else {
        const found = cache.get(key);
        const isRecent = [...used.keys()].slice(-entriesLeast).includes(key);
        if (isRecent || found !== undefined) expect(found).toBe(used.get(key));
        const value = used.get(key);
        used.delete(key);
        if (found !== undefined) used.set(key, value!);
      }
      expect(cache.size).toBeLessThan(2 * entriesLeast);
    }
  }
});

test("refuses to be empty", () => {
  expect(() => new RecentCache(0)).toThrow("expected a positive size, got 0");
});
