import { expect, test } from "bun:test";
import { monotonicMs } from "../../src/kernel/timers.ts";
import { final, finals, indexOf } from "../support/actors/doubles/numbered-finals.ts";
import { QueueStage } from "../support/stages/queue-stage.ts";

const NOTHING = { kept: 0, lost: 0 };

test("[R30] writes everything that waits, also after the timer has stopped", async () => {
  using stage = new QueueStage();
  stage.enqueue(finals(250));
  stage.queue.stopFlushTimer();
  expect(await stage.queue.flushAllPending(1000)).toEqual(NOTHING);
  expect(stage.writer.committed).toEqual(finals(250).map(indexOf));
});

test("[R30] is done at once when nothing waits, as often as it is asked", async () => {
  using stage = new QueueStage();
  expect(await stage.queue.flushAllPending(1000)).toEqual(NOTHING);
  expect(await stage.queue.flushAllPending(1000)).toEqual(NOTHING);
});

test("[R30] joins the write that is under way and takes what came meanwhile", async () => {
  using stage = new QueueStage({ maxBatchSize: 2 });
  stage.writer.delay = () => Bun.sleep(100);
  stage.enqueue(finals(3));
  const flushed = stage.queue.flushAllPending(1000);
  await stage.time.advance(400);
  expect(await flushed).toEqual(NOTHING);
  expect(stage.writer.committed).toEqual([0, 1, 2]);
  expect(stage.writer.runningCountMax).toBe(1);
});

test("[R30] tries again while the database refuses, and says at its limit what could not be written", async () => {
  using stage = new QueueStage();
  stage.writer.isUnreachable = true;
  stage.enqueue(finals(3));
  stage.queue.stopFlushTimer();
  const startMs = monotonicMs();
  let endMs = 0;
  const flushed = stage.queue.flushAllPending(3500).finally(() => {
    endMs = monotonicMs();
  });
  await stage.time.advance(4000);
  expect(await flushed).toEqual({ kept: 3, lost: 0 });
  expect(endMs - startMs).toBeLessThanOrEqual(3510);
  expect(stage.writer.statements.length).toBeGreaterThan(2);
});

test("[R30] returns within its limit while a write hangs", async () => {
  using stage = new QueueStage();
  stage.writer.delay = () => new Promise(() => {});
  stage.enqueue(finals(3));
  stage.queue.stopFlushTimer();
  const flushed = stage.queue.flushAllPending(500);
  await stage.time.advance(510);
  expect(await flushed).toEqual({ kept: 3, lost: 0 });
});

test("[R30] waits for the write that is under way even when nothing else waits", async () => {
  using stage = new QueueStage({ maxBatchSize: 2 });
  stage.writer.delay = () => Bun.sleep(100);
  stage.enqueue(finals(2));
  const flushed = stage.queue.flushAllPending(1000);
  await stage.time.advance(400);
  expect(await flushed).toEqual(NOTHING);
  expect(stage.writer.committed).toEqual([0, 1]);
});

test("[R30] gives finals of unknown calls one more try, and leaves the others in the journal", async () => {
  using stage = new QueueStage();
  stage.writer.unknownSlugs.add("soon").add("never");
  stage.enqueue([final(0, { sessionSlug: "soon" }), final(1, { sessionSlug: "never" })]);
  await stage.time.advance(400);
  stage.writer.unknownSlugs.delete("soon");
  expect(await stage.queue.flushAllPending(1000)).toEqual({ kept: 1, lost: 0 });
  expect(stage.writer.committed).toEqual([0]);
  expect(stage.deadLetters).toEqual([]);
});

test("[R30] tells apart what the next start will write and what is lost with the process", async () => {
  using stage = new QueueStage();
  stage.writer.isUnreachable = true;
  stage.enqueue(finals(2));
  stage.journal.isRefusing = true;
  stage.enqueue(finals(3, 2));
  const flushed = stage.queue.flushAllPending(500);
  await stage.time.advance(600);
  expect(await flushed).toEqual({ kept: 2, lost: 3 });
});
