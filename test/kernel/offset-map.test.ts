import { expect, test } from "bun:test";
import { OffsetMap } from "../../src/kernel/offset-map.ts";
import { seededRandom } from "../support/probes/seeded-random.ts";

test("[R14] counts side by side from a point on", () => {
  const map = new OffsetMap({ pointsMax: 256 });
  map.note(0, 96_000);
  expect(map.at(0)).toBe(96_000);
  expect(map.at(3200)).toBe(99_200);
});

test("[R14] goes back where the provider holds audio twice", () => {
  const map = new OffsetMap({ pointsMax: 256 });
  map.note(0, 0);
  // 3200 bytes after 6400 had come, unacknowledged, before they came again.
  map.note(9600, 6400);
  expect([6400, 9599, 9600, 12_800].map((bytes) => map.at(bytes))).toEqual([
    6400, 9599, 6400, 9600,
  ]);
});

test("[R12] [R14] leaps over audio that was dropped", () => {
  const map = new OffsetMap({ pointsMax: 256 });
  map.note(0, 0);
  map.note(6400, 64_000);
  expect([6399, 6400, 9600].map((bytes) => map.at(bytes))).toEqual([6399, 64_000, 67_200]);
});

test("[R14] the latest word on the same place counts", () => {
  const map = new OffsetMap({ pointsMax: 256 });
  map.note(0, 0);
  map.note(6400, 64_000);
  map.note(6400, 96_000);
  expect(map.at(6402)).toBe(96_002);
  map.note(3200, 32_000);
  expect(map.at(6402)).toBe(35_202);
  expect(map.at(3199)).toBe(3199);
});

test("[R14] knows so many points, and takes the oldest of them for what came before", () => {
  const map = new OffsetMap({ pointsMax: 256 });
  for (let run = 0; run < 257; run += 1) map.note(run * 10, run * 100);
  expect(map.at(2565)).toBe(25_605);
  expect(map.at(15)).toBe(105);
  expect(map.at(9)).toBe(99);
});

test("[R14] finds every byte that was sent, whatever was dropped or held twice", () => {
  const random = seededRandom("offset-map");
  for (let run = 0; run < 200; run += 1) {
    const map = new OffsetMap({ pointsMax: 256 });
    /** Source position of each byte that the provider has. */
    const held: number[] = [];
    let cursor = random.whole(0, 1000);
    map.note(0, cursor);
    for (let step = 0; step < 50; step += 1) {
      const chance = random.next();
      if (chance < 0.2) {
        cursor += random.whole(1, 500);
        map.note(held.length, cursor);
      } else if (chance < 0.4) {
        cursor = Math.max(0, cursor - random.whole(1, 500));
        map.note(held.length, cursor);
      }
      for (let due = random.whole(1, 50); due > 0; due -= 1) held.push(cursor++);
    }
    for (let look = 0; look < 50; look += 1) {
      const index = random.whole(0, held.length - 1);
      expect(map.at(index)).toBe(held[index]);
    }
  }
});

test("counts in other steps, and tells nothing without a point", () => {
  const map = new OffsetMap({ pointsMax: 2, scale: 1000 });
  expect(map.at(7)).toBeUndefined();
  expect(map.pointAt(7)).toBeUndefined();
  map.note(2, 100);
  map.note(4, 10_000);
  expect([1, 2, 3.5, 4, 5].map((from) => map.at(from))).toEqual([-900, 100, 1600, 10_000, 11_000]);
  expect(map.pointAt(1.9)).toBeUndefined();
  expect(map.pointAt(3.9)).toEqual([2, 100]);
  expect(map.latest).toEqual([4, 10_000]);
  map.forgetLatest();
  expect(map.points).toEqual([[2, 100]]);
});
