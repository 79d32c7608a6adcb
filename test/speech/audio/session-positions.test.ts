import { expect, test } from "bun:test";
import type { Alignment } from "../../../src/relay/ports.ts";
import { SessionPositions } from "../../../src/speech/audio/session-positions.ts";

/** Ten bytes a second, so that both counts can be read. */
function setup() {
  const told: Alignment[] = [];
  const positions = new SessionPositions(
    { onAligned: (alignment) => told.push(alignment) },
    { providerSessionId: "toy-1", bytesPerSecond: 10 },
  );
  return { positions, told };
}

test("[R14] what was never aligned is counted alike", () => {
  const { positions } = setup();
  expect([0, 25].map((bytes) => positions.toSource(bytes))).toEqual([0, 25]);
  expect(positions.toSourceSeconds(2.5)).toBe(2.5);
});

test("[R14] from an alignment on, both counts run side by side", () => {
  const { positions } = setup();
  positions.align(0, 500);
  expect([0, 7, 1000].map((bytes) => positions.toSource(bytes))).toEqual([500, 507, 1500]);
  expect(positions.toSourceSeconds(1.5)).toBe(51.5);
});

test("[R14] an alignment leaves what lies before it where it was", () => {
  const { positions } = setup();
  positions.align(0, 500);
  // Audio was dropped: the source leaps forward.
  positions.align(40, 600);
  // Audio is there twice: the source goes back.
  positions.align(80, 620);
  const places = [39, 40, 79, 80, 81].map((bytes) => positions.toSource(bytes));
  expect(places).toEqual([539, 600, 639, 620, 621]);
  // An utterance that began before the leap ends behind it.
  expect([3, 5].map((seconds) => positions.toSourceSeconds(seconds))).toEqual([53, 61]);
});

test("[R14] a later word on the same byte counts, and takes back what lies behind it", () => {
  const { positions } = setup();
  positions.align(0, 500);
  positions.align(40, 600);
  positions.align(0, 300);
  expect([0, 50].map((bytes) => positions.toSource(bytes))).toEqual([300, 350]);
});

test("[R14] tells each alignment once, as moments of the session and of the source", () => {
  const { positions, told } = setup();
  positions.align(0, 500);
  positions.align(40, 605);
  expect(told).toEqual([
    { providerSessionId: "toy-1", providerSeconds: 0, sourceSeconds: 50 },
    { providerSessionId: "toy-1", providerSeconds: 4, sourceSeconds: 60.5 },
  ]);
});

test("[R14] what is told beside them moves nothing", () => {
  const { positions, told } = setup();
  positions.align(0, 500);
  positions.tell(40, 777);
  expect(told.at(-1)).toMatchObject({ providerSeconds: 4, sourceSeconds: 77.7 });
  expect(positions.toSource(40)).toBe(540);
});

test("[R14] remembers the last 256 alignments, and counts what lies before them by the oldest", () => {
  const { positions } = setup();
  for (let count = 0; count <= 256; count += 1) positions.align(count * 10, count * 100);
  expect([10, 20, 2560].map((bytes) => positions.toSource(bytes))).toEqual([100, 200, 25_600]);
  expect(positions.toSource(5)).toBe(95);
});

test("[R11] a lap ends where the source goes back, and nowhere else", () => {
  const { positions } = setup();
  positions.align(0, 500);
  // Audio was dropped.
  positions.align(40, 600);
  // Audio is there twice, twice.
  positions.align(80, 620);
  positions.align(100, 600);
  const laps = [0, 4, 7.9, 8, 9.9, 10, 100].map((seconds) => positions.lapOf(seconds));
  expect(laps).toEqual([0, 0, 0, 1, 1, 2, 2].map((lap) => `toy-1 ${lap}`));
});
