import { describe, expect, test } from "bun:test";
import { grantsOf, setupPlaces } from "../../support/stages/places-stage.ts";

describe("a known number of places", () => {
  test("[R16] is granted at once, and then to whoever waits longest", () => {
    using stage = setupPlaces(2);
    const all = stage.enter(4);
    expect(grantsOf(all)).toEqual([1, 1, 0, 0]);
    expect(stage.figures).toEqual({ inUse: 2, queued: 2, limit: 2 });
    all[1]!.place.release();
    expect(grantsOf(all)).toEqual([1, 1, 1, 0]);
    all[0]!.place.release();
    expect(grantsOf(all)).toEqual([1, 1, 1, 1]);
    expect(stage.figures).toEqual({ inUse: 2, queued: 0, limit: 2 });
  });

  test("gets one place back from one place, however often that is given back", () => {
    using stage = setupPlaces(1);
    const all = stage.enter(2);
    all[0]!.place.release();
    all[0]!.place.release();
    all[0]!.place.returnAsBusy();
    expect(grantsOf(all)).toEqual([1, 1]);
    expect(stage.figures).toEqual({ inUse: 1, queued: 0, limit: 1 });
  });

  test("is not granted to whoever has left; leaving twice, or with a place, changes nothing", () => {
    using stage = setupPlaces(1);
    const all = stage.enter(2);
    all[1]!.cancel();
    all[1]!.cancel();
    all[0]!.cancel();
    expect(stage.figures).toEqual({ inUse: 1, queued: 0, limit: 1 });
    expect(stage.timerCount).toBe(0);
    all[0]!.place.release();
    expect(stage.figures).toEqual({ inUse: 0, queued: 0, limit: 1 });
    expect(grantsOf(all)).toEqual([1, 0]);
  });

  test("is granted in order when many give it back at once", () => {
    using stage = setupPlaces(1000);
    const order: number[] = [];
    const holders = stage.enter(1000);
    for (let index = 0; index < 1000; index += 1) {
      // Gives back inside the callback: a grant within a grant within a grant, if it recursed.
      stage.places.acquire({
        onGranted: (place) => {
          order.push(index);
          place.release();
        },
        onQueued: () => {},
      });
    }
    holders[0]!.place.release();
    expect(order).toEqual(Array.from({ length: 1000 }, (_, index) => index));
    expect(stage.figures).toEqual({ inUse: 999, queued: 0, limit: 1000 });
  });
});

describe("the line", () => {
  test("tells positions at once, and then once a second what has changed", async () => {
    using stage = setupPlaces(3);
    const [holder, , , first, second, third] = stage.enter(6);
    expect([first!.positions, second!.positions, third!.positions]).toEqual([[1], [2], [3]]);
    await stage.advance(5000);
    first!.cancel();
    await stage.advance(900);
    expect(second!.positions).toEqual([2]);
    await stage.advance(100);
    expect([second!.positions, third!.positions]).toEqual([
      [2, 1],
      [3, 2],
    ]);
    holder!.place.release();
    await stage.advance(1000);
    expect([second!.positions, third!.positions]).toEqual([
      [2, 1],
      [3, 2, 1],
    ]);
    expect(grantsOf([first!, second!, third!])).toEqual([0, 1, 0]);
  });

  test("may lose those who are told meanwhile", async () => {
    using stage = setupPlaces(3);
    const [, , , first] = stage.enter(4);
    const told: number[] = [];
    const second = stage.places.acquire({
      onGranted: () => {},
      onQueued: (position) => {
        told.push(position);
        if (position === 1) last!.cancel();
      },
    });
    const [last] = stage.enter(1);
    expect(second.kind).toBe("accepted");
    first!.cancel();
    await stage.advance(1000);
    expect(told).toEqual([2, 1]);
    expect(last!.positions).toEqual([3]);
  });

  test.each([
    [3, 3],
    [2000, 1000],
  ])("for %i places takes %i at most", (placesMax, waitingMax) => {
    using stage = setupPlaces(placesMax);
    const accepted = stage.enter(placesMax + waitingMax);
    expect(accepted.every(({ request }) => request.kind === "accepted")).toBe(true);
    const [refused] = stage.enter(1);
    expect(refused!.request).toMatchObject({
      kind: "refused",
      failure: { name: "ProviderError", code: "provider-busy", retryable: true },
    });
    expect(refused!.positions).toEqual([]);
    expect(stage.figures.queued).toBe(waitingMax);
  });

  test("takes 1000 where the number of places is not known", () => {
    using stage = setupPlaces(undefined);
    stage.enter(1)[0]!.place.returnAsBusy();
    const all = stage.enter(1001);
    expect(all.map(({ request }) => request.kind)).toEqual([
      ...Array.from({ length: 1000 }, () => "accepted" as const),
      "refused",
    ]);
  });

  test("ends with the places: nobody is granted or told anything, and no timer runs", async () => {
    using stage = setupPlaces(2);
    const all = stage.enter(4);
    stage.places.stop();
    stage.places.stop();
    expect(stage.timerCount).toBe(0);
    all[0]!.place.returnAsBusy();
    all[2]!.cancel();
    await stage.advance(120_000);
    expect(grantsOf(all)).toEqual([1, 1, 0, 0]);
    expect(all.map(({ positions }) => positions)).toEqual([[], [], [1], [2]]);
    expect(stage.enter(1)[0]!.request.kind).toBe("refused");
  });
});
