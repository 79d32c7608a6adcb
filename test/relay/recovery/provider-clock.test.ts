import { describe, expect, test } from "bun:test";
import {
  createProviderClock,
  decodeProviderClock,
  encodeProviderClock,
  readProviderClock,
  type ProviderClock,
} from "../../../src/relay/recovery/provider-clock.ts";

const timesOf = (clock: ProviderClock, ...seconds: readonly number[]) => {
  const { timeAt } = readProviderClock(clock);
  return seconds.map((one) => timeAt(one).getTime());
};

describe("[R15] a provider session's clock", () => {
  test("counts a thousand milliseconds for each second behind its points", () => {
    const clock = createProviderClock();
    clock.note(0, 1_000_000);
    clock.note(5, 2_000_000);
    expect([0, 4.5, 5, 6.25].map((seconds) => clock.at(seconds))).toEqual([
      1_000_000, 1_004_500, 2_000_000, 2_001_250,
    ]);
    expect(timesOf(clock.points, 0, 4.5, 5, 6.25)).toEqual([
      1_000_000, 1_004_500, 2_000_000, 2_001_250,
    ]);
  });

  test("tells whole milliseconds, the nearest ones", () => {
    expect(timesOf([[0, 1000]], 0.0004, 0.0006, 1.2345)).toEqual([1000, 1001, 2235]);
  });

  test("counts from the epoch where it has no point", () => {
    expect(timesOf([], 0, 1.5)).toEqual([0, 1500]);
  });

  test("takes a point that goes back for a later word on that place", () => {
    const clock: ProviderClock = [
      [0, 1000],
      [9, 20_000],
      [4, 50_000],
    ];
    expect(timesOf(clock, 3, 4, 9)).toEqual([4000, 50_000, 55_000]);
  });

  test("keeps the last 256 of its points when it is read, too", () => {
    const clock = Array.from({ length: 257 }, (_, index) => [index, index * 5000] as const);
    expect(timesOf(clock, 0, 1, 256)).toEqual([4000, 5000, 1_280_000]);
  });
});

describe("[R15] a clock's text", () => {
  test("gives the same clock back", () => {
    const clock: ProviderClock = [
      [0, 1_700_000_000_000],
      [12.34, 1_700_000_099_000.5],
    ];
    expect(decodeProviderClock(encodeProviderClock(clock))).toEqual(clock);
  });

  test.each([
    ["nothing", ""],
    ["no JSON", "[[0, 1]"],
    ["no list", '{"0":[0,1]}'],
    ["null", "null"],
    ["a list without a point", "[]"],
    ["a point without a time", "[[0]]"],
    ["a point with more than a time", "[[0,1,2]]"],
    ["a point that is a text", '["01"]'],
    ["texts for numbers", '[["0","1"]]'],
    ["a number that is none", "[[0,null]]"],
    ["a number beyond all", "[[0,1e999]]"],
    ["a time that no date reaches", "[[0,1e300]]"],
    ["a place that no date reaches", "[[-9e12,0]]"],
    ["one bad point among good ones", "[[0,1],[1,2],[2]]"],
  ])("that holds %s is no clock", (_, text) => {
    expect(decodeProviderClock(text)).toBeUndefined();
  });

  test("of a clock without a point is no clock either: its session's start tells more", () => {
    expect(decodeProviderClock(encodeProviderClock([]))).toBeUndefined();
  });
});
