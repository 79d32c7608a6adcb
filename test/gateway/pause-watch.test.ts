import { expect, test } from "bun:test";
import { PauseWatch } from "../../src/gateway/pause-watch.ts";

function setup() {
  const pauses: (readonly [pausedMs: number, nowMs: number])[] = [];
  const onPaused = (pausedMs: number, nowMs: number) => void pauses.push([pausedMs, nowMs]);
  return { watch: new PauseWatch({ onPaused }, { tickMs: 1000 }, 500), pauses };
}

test("a process whose ticks come in time, or a little late, has not paused", () => {
  const { watch, pauses } = setup();
  for (const nowMs of [1500, 2600, 5600]) watch.tick(nowMs);
  for (const nowMs of [5600, 5700, 8600]) watch.look(nowMs);
  expect(pauses).toEqual([]);
});

test.each(["tick", "look"] as const)("a pause is noticed once, where a %s comes first", (first) => {
  const { watch, pauses } = setup();
  watch.tick(1500);
  watch[first](42_500);
  watch.look(42_500);
  watch.tick(42_501);
  watch.look(43_000);
  watch.tick(43_501);
  expect(pauses).toEqual([[40_000, 42_500]]);
  watch.tick(60_000);
  expect(pauses).toHaveLength(2);
});
