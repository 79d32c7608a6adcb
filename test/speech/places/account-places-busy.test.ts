import { describe, expect, test } from "bun:test";
import type { AccountPlace } from "../../../src/speech/places/account-places.ts";
import { seededRandom } from "../../support/probes/seeded-random.ts";
import { grantsOf, setupPlaces } from "../../support/stages/places-stage.ts";

describe("a 429", () => {
  test("lowers the estimate to what is in use, and whoever met it is first in line again", async () => {
    using stage = setupPlaces(4);
    const all = stage.enter(6);
    all[3]!.place.returnAsBusy();
    expect(stage.figures).toEqual({ inUse: 3, queued: 3, limit: 3 });
    expect(all[3]!.positions).toEqual([1]);
    await stage.advance(1000);
    expect(all[5]!.positions).toEqual([2, 3]);
    all[0]!.place.release();
    expect(grantsOf(all)).toEqual([1, 1, 1, 2, 0, 0]);
    expect(stage.figures).toEqual({ inUse: 3, queued: 2, limit: 3 });
  });

  test("counts for a minute; then the estimate rises by 1, 2, 4 … to the ceiling", async () => {
    using stage = setupPlaces(20);
    const all = stage.enter(40);
    for (const { place } of all.slice(8, 20)) place.returnAsBusy();
    expect(stage.figures).toEqual({ inUse: 8, queued: 32, limit: 8 });
    await stage.advance(59_000);
    expect(stage.figures.limit).toBe(8);
    const limits: number[] = [];
    for (let step = 0; step < 5; step += 1) {
      await stage.advance(step === 0 ? 1000 : 5000);
      limits.push(stage.figures.limit);
      expect(stage.figures.inUse).toBe(stage.figures.limit);
    }
    expect(limits).toEqual([9, 11, 15, 20, 20]);
  });

  test("that comes again begins the wait anew, with the smallest step", async () => {
    using stage = setupPlaces(20);
    const all = stage.enter(30);
    for (const { place } of all.slice(10, 20)) place.returnAsBusy();
    await stage.advance(65_000);
    expect(stage.figures.limit).toBe(13);
    // Those that were let in are those that were refused before.
    for (const { place } of all.slice(10, 13)) place.returnAsBusy();
    expect(stage.figures.limit).toBe(10);
    await stage.advance(59_000);
    expect(stage.figures.limit).toBe(10);
    await stage.advance(1000);
    expect(stage.figures.limit).toBe(11);
  });

  test.each([
    ["advised", 7000, 7000],
    ["advised too short", 0, 1000],
    ["advised too long", 3_600_000, 300_000],
  ])("counts for as long as was %s", async (_, retryAfterMs, heldMs) => {
    using stage = setupPlaces(2);
    const [, candidate] = stage.enter(2);
    candidate!.place.returnAsBusy(retryAfterMs);
    await stage.advance(heldMs - 1000);
    expect(candidate!.places).toHaveLength(1);
    await stage.advance(1000);
    expect(candidate!.places).toHaveLength(2);
  });

  test.each([
    ["advised", 7000, 7000],
    ["advised too long", 3_600_000, 30_000],
    ["not advised", undefined, 2000],
  ])(
    "[R16] with nothing in use counts for seconds, or as long as was %s",
    async (_, retryAfterMs, heldMs) => {
      using stage = setupPlaces(undefined);
      const [candidate] = stage.enter(1);
      candidate!.place.returnAsBusy(retryAfterMs);
      await stage.advance(heldMs - 1000);
      expect(candidate!.places).toHaveLength(1);
      await stage.advance(1000);
      expect(candidate!.places).toHaveLength(2);
    },
  );

  test("[R16] that comes again with nothing in use counts longer, up to ten seconds, until a place is of use", async () => {
    using stage = setupPlaces(1);
    const [candidate] = stage.enter(1);
    const expectNextAfter = async (heldMs: number) => {
      const before = candidate!.places.length;
      candidate!.place.returnAsBusy();
      await stage.advance(heldMs - 1000);
      expect(candidate!.places).toHaveLength(before);
      await stage.advance(1000);
      expect(candidate!.places).toHaveLength(before + 1);
    };
    for (const heldMs of [2000, 4000, 8000, 10_000, 10_000]) await expectNextAfter(heldMs);
    candidate!.place.release();
    const [next] = stage.enter(1);
    next!.place.returnAsBusy();
    await stage.advance(2000);
    expect(next!.places).toHaveLength(2);
  });

  test("counts for up to a quarter longer, so that gateways do not ask together", async () => {
    using stage = setupPlaces(2, () => 0.999);
    const [, candidate] = stage.enter(2);
    candidate!.place.returnAsBusy();
    await stage.advance(74_000);
    expect(candidate!.places).toHaveLength(1);
    await stage.advance(1000);
    expect(candidate!.places).toHaveLength(2);
  });

  test("lets whoever met it leave", () => {
    using stage = setupPlaces(1);
    const [candidate] = stage.enter(1);
    candidate!.place.returnAsBusy();
    candidate!.cancel();
    expect(stage.figures).toEqual({ inUse: 0, queued: 0, limit: 0 });
    expect(stage.timerCount).toBe(0);
  });
});

describe("an unknown number of places", () => {
  test("is learned from the requests that were refused, and kept while nobody waits", async () => {
    using stage = setupPlaces(undefined);
    const all = stage.enter(100);
    expect(stage.figures).toEqual({ inUse: 100, queued: 0, limit: Number.POSITIVE_INFINITY });
    for (const { place } of all.slice(30)) place.returnAsBusy();
    expect(stage.figures).toEqual({ inUse: 30, queued: 70, limit: 30 });
    for (const candidate of all.slice(30)) candidate.cancel();
    await stage.advance(600_000);
    expect(stage.figures.limit).toBe(30);
    expect(stage.timerCount).toBe(0);
    // Long after, the next one is tried within a second.
    const [late] = stage.enter(1);
    await stage.advance(1000);
    expect(late!.places).toHaveLength(1);
    expect(stage.figures.limit).toBe(31);
  });

  test("may be none for a while: then one asks again after two seconds", async () => {
    using stage = setupPlaces(undefined);
    const all = stage.enter(3);
    for (const { place } of all) place.returnAsBusy();
    expect(stage.figures).toEqual({ inUse: 0, queued: 3, limit: 0 });
    await stage.advance(1000);
    expect(grantsOf(all)).toEqual([1, 1, 1]);
    await stage.advance(1000);
    expect(grantsOf(all)).toEqual([2, 1, 1]);
  });
});

test("serves everybody in the end, and asks in vain rarely, while others use the account too", async () => {
  const random = seededRandom("provider places");
  using stage = setupPlaces(30, () => random.next());
  let othersUse = 20;
  let inUseHere = 0;
  let vainCount = 0;
  let servedCount = 0;
  let dueAt: [atSecond: number, act: () => void][] = [];
  let second = 0;
  const plan = (delaySeconds: number, act: () => void) => dueAt.push([second + delaySeconds, act]);
  const request = (place: AccountPlace) => {
    expect(stage.places.inUse).toBeLessThanOrEqual(30);
    // The answer takes a second; only then it is known whether there was a place.
    plan(1, () => {
      if (inUseHere + othersUse >= 30) {
        vainCount += 1;
        place.returnAsBusy();
        return;
      }
      inUseHere += 1;
      plan(random.whole(1, 120), () => {
        inUseHere -= 1;
        servedCount += 1;
        place.release();
      });
    });
  };
  let enteredCount = 0;
  for (second = 0; second < 3000; second += 1) {
    if (second % 300 === 0) othersUse = random.whole(0, 30);
    if (second < 1500 && random.next() < 0.4) {
      const { kind } = stage.places.acquire({ onGranted: request, onQueued: () => {} });
      if (kind === "accepted") enteredCount += 1;
    }
    const due = dueAt.filter(([atSecond]) => atSecond <= second);
    dueAt = dueAt.filter(([atSecond]) => atSecond > second);
    for (const [, act] of due) act();
    await stage.advance(1000);
    // The last stretch is ours alone.
    if (second === 2400) othersUse = 0;
  }
  expect(stage.figures).toMatchObject({ inUse: 0, queued: 0 });
  expect(servedCount).toBe(enteredCount);
  console.log(`served ${servedCount}, asked in vain ${vainCount} times in 3000 s`);
  expect(vainCount).toBeLessThan(3000 / 20);
});
