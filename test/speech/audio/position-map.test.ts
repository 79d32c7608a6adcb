import { expect, test } from "bun:test";
import { PositionMap } from "../../../src/speech/audio/position-map.ts";
import { seededRandom } from "../../support/probes/seeded-random.ts";

test("[R14] counts side by side with the source from the beginning of a session on", () => {
  const map = new PositionMap();
  map.begin(0, 96_000);
  expect(map.toSource(0)).toBe(96_000);
  expect(map.toSource(3200)).toBe(99_200);
});

test("[R14] goes back in the source where the provider holds audio twice", () => {
  const map = new PositionMap();
  map.begin(0, 0);
  // 3200 bytes after 6400 had come, unacknowledged, before they came again.
  map.begin(9600, 6400);
  expect([6400, 9599, 9600, 12_800].map((bytes) => map.toSource(bytes))).toEqual([
    6400, 9599, 6400, 9600,
  ]);
});

test("[R12] [R14] leaps over audio that was dropped", () => {
  const map = new PositionMap();
  map.begin(0, 0);
  map.begin(6400, 64_000);
  expect([6399, 6400, 9600].map((bytes) => map.toSource(bytes))).toEqual([6399, 64_000, 67_200]);
});

test("[R14] the latest word on the same bytes counts", () => {
  const map = new PositionMap();
  map.begin(0, 0);
  map.begin(6400, 64_000);
  map.begin(6400, 96_000);
  expect(map.toSource(6402)).toBe(96_002);
  map.begin(3200, 32_000);
  expect(map.toSource(6402)).toBe(35_202);
  expect(map.toSource(3199)).toBe(3199);
});

test("[R14] knows 256 runs, and takes the oldest of them for what came before", () => {
  const map = new PositionMap();
  for (let run = 0; run < 257; run += 1) map.begin(run * 10, run * 100);
  expect(map.toSource(2565)).toBe(25_605);
  expect(map.toSource(15)).toBe(105);
  expect(map.toSource(9)).toBe(99);
});

test("[R14] finds every byte that was sent, whatever was dropped or held twice", () => {
  const random = seededRandom("position-map");
  for (let run = 0; run < 200; run += 1) {
    const map = new PositionMap();
    /** Source position of each byte that the provider has. */
    const held: number[] = [];
    let cursor = random.whole(0, 1000);
    map.begin(0, cursor);
    for (let step = 0; step < 50; step += 1) {
      const chance = random.next();
      if (chance < 0.2) {
        cursor += random.whole(1, 500);
        map.begin(held.length, cursor);
      } else if (chance < 0.4) {
        cursor = Math.max(0, cursor - random.whole(1, 500));
        map.begin(held.length, cursor);
      }
      for (let left = random.whole(1, 50); left > 0; left -= 1) held.push(cursor++);
    }
    for (let look = 0; look < 50; look += 1) {
      const index = random.whole(0, held.length - 1);
      expect(map.toSource(index)).toBe(held[index]!);
    }
  }
});
