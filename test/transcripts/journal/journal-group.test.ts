import { expect, test } from "bun:test";
import { monotonicMs } from "../../../src/kernel/timers.ts";
import { JournalGroup } from "../../../src/transcripts/journal/journal-group.ts";
import { fakeTime } from "../../support/probes/fake-time.ts";

function setup() {
  const time = fakeTime();
  const startedAtMs = monotonicMs();
  const dueAtMs: number[] = [];
  const group = new JournalGroup<{ readonly bytes: number }>({
    onDue: () => dueAtMs.push(monotonicMs() - startedAtMs),
  });
  return { time, group, dueAtMs, [Symbol.dispose]: () => time[Symbol.dispose]() };
}

test("[R1] a group is due five milliseconds after its first item, however many join it", async () => {
  using stage = setup();
  for (let at = 0; at < 5; at += 1) {
    stage.group.add({ bytes: 10 });
    await stage.time.advance(1);
  }
  expect(stage.dueAtMs).toEqual([5]);
  expect(stage.group.bytes).toBe(50);
});

test("a group that was taken is due no more, and the next one begins anew", async () => {
  using stage = setup();
  stage.group.add({ bytes: 1 });
  await stage.time.advance(3);
  expect(stage.group.take()).toEqual([{ bytes: 1 }]);
  expect(stage.group.bytes).toBe(0);
  await stage.time.advance(3);
  stage.group.add({ bytes: 2 });
  expect(stage.dueAtMs).toEqual([]);
  await stage.time.advance(5);
  expect(stage.dueAtMs).toEqual([11]);
  expect(stage.group.take()).toEqual([{ bytes: 2 }]);
});
