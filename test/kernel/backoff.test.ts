import { expect, test } from "bun:test";
import { backoffMs } from "../../src/kernel/backoff.ts";
import { seededRandom } from "../support/probes/seeded-random.ts";

const LIMITS = { firstMs: 200, mostMs: 5000 };
const windowOf = (attempt: number) => [
  backoffMs(attempt, { ...LIMITS, random: () => 0 }),
  backoffMs(attempt, { ...LIMITS, random: () => 1 }),
];

test("doubles its window from attempt to attempt, up to the most", () => {
  expect([1, 2, 3, 4, 5, 6, 7].map(windowOf)).toEqual([
    [100, 200],
    [100, 400],
    [100, 800],
    [100, 1600],
    [100, 3200],
    [100, 5000],
    [100, 5000],
  ]);
});

test("stays within its window for every attempt, however many there were", () => {
  const random = seededRandom("backoff");
  for (const attempt of [1, 2, 31, 32, 1000, 2 ** 31]) {
    const wait = backoffMs(attempt, { ...LIMITS, random: random.next });
    expect(wait).toBeWithin(100, 5001);
    expect(Number.isInteger(wait)).toBe(true);
  }
});

test("never exceeds the most, even where the first window is larger", () => {
  for (const random of [() => 0, () => 0.5, () => 1]) {
    expect(backoffMs(1, { firstMs: 1000, mostMs: 300, random })).toBe(300);
  }
});

test("spreads waiters without being told how", () => {
  const waits = new Set(Array.from({ length: 100 }, () => backoffMs(6, LIMITS)));
  expect(waits.size).toBeGreaterThan(10);
});
