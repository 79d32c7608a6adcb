import { expect, test } from "bun:test";
import {
  PROCESS_REQUESTS,
  RequestBudget,
  STREAM_REQUESTS,
} from "../../../src/speech/places/request-budget.ts";
import { seededRandom } from "../../support/probes/seeded-random.ts";

test("lets a burst go at once, and spaces out what comes after it", () => {
  const budget = new RequestBudget({ burst: 3, intervalMs: 100 });
  const waits = Array.from({ length: 6 }, () => budget.takeAt(1000));
  expect(waits).toEqual([0, 0, 0, 100, 200, 300]);
});

test("grants a place for each interval of rest, and no more than a burst", () => {
  const budget = new RequestBudget({ burst: 2, intervalMs: 100 });
  expect([budget.takeAt(0), budget.takeAt(0)]).toEqual([0, 0]);
  expect([budget.takeAt(100), budget.takeAt(150)]).toEqual([0, 50]);
  expect(Array.from({ length: 3 }, () => budget.takeAt(10_000))).toEqual([0, 0, 100]);
});

test("keeps a place that was taken ahead of time for whoever took it", () => {
  const budget = new RequestBudget({ burst: 1, intervalMs: 100 });
  const goesAt = [0, 10, 20].map((nowMs) => nowMs + budget.takeAt(nowMs));
  expect(goesAt).toEqual([0, 100, 200]);
});

test.each([
  ["a stream's minute sees at most 6 requests", STREAM_REQUESTS, 60_000, 6],
  ["the process's second sees at most 250", PROCESS_REQUESTS, 1000, 250],
] as const)("%s, whenever they are asked for", (what, options, windowMs, most) => {
  const random = seededRandom(what);
  const budget = new RequestBudget(options);
  const goesAt: number[] = [];
  let nowMs = 0;
  for (let count = 0; count < 2000; count += 1) {
    // Sometimes faster than the budget allows, sometimes after a rest.
    nowMs += random.pick([0, 0, options.intervalMs, random.whole(0, windowMs)]);
    goesAt.push(nowMs + budget.takeAt(nowMs));
  }
  expect(goesAt).toEqual(goesAt.toSorted((one, other) => one - other));
  for (const [index, atMs] of goesAt.entries()) {
    const later = goesAt[index + most] ?? Number.POSITIVE_INFINITY;
    expect(later - atMs).toBeGreaterThanOrEqual(windowMs);
  }
});
