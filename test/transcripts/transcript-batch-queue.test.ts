import { expect, test } from "bun:test";
import { final, finals, indexOf } from "../support/actors/doubles/numbered-finals.ts";
import { QueueStage } from "../support/stages/queue-stage.ts";

test("[R7] writes what waits when the interval has passed, and not before", async () => {
  using stage = new QueueStage();
  stage.enqueue(finals(3));
  await stage.time.advance(290);
  expect(stage.writer.statements).toEqual([]);
  await stage.time.advance(10);
  expect(stage.writer.statements).toEqual([[0, 1, 2]]);
});

test("[R7] asks the database for nothing while nothing waits", async () => {
  using stage = new QueueStage();
  await stage.time.advance(3000);
  expect(stage.writer.statements).toEqual([]);
});

test("[R7] writes a full batch at once", async () => {
  using stage = new QueueStage({ maxBatchSize: 3 });
  stage.enqueue(finals(2));
  await stage.time.settle();
  expect(stage.writer.statements).toEqual([]);
  stage.enqueue([final(2)]);
  await stage.time.settle();
  expect(stage.writer.statements).toEqual([[0, 1, 2]]);
});

test("[R7] one tick writes everything that is due, not one batch", async () => {
  using stage = new QueueStage({ maxBatchSize: 2 });
  let release = () => {};
  stage.writer.delay = () => new Promise((resolve) => (release = resolve));
  stage.enqueue(finals(7));
  // The first batch hangs, so that the others are still there at the tick.
  await stage.time.advance(310);
  expect(stage.writer.statements).toEqual([[0, 1]]);
  stage.writer.delay = () => Promise.resolve();
  release();
  await stage.time.settle();
  expect(stage.writer.statements).toEqual([[0, 1], [2, 3], [4, 5], [6]]);
});

test("[R7] finals that came due during a write follow it without waiting for another tick", async () => {
  using stage = new QueueStage();
  let release = () => {};
  stage.writer.delay = () => new Promise((resolve) => (release = resolve));
  stage.enqueue(finals(100));
  await stage.time.settle();
  stage.enqueue(finals(10, 100));
  await stage.time.advance(620);
  expect(stage.writer.statements).toHaveLength(1);
  stage.writer.delay = () => Promise.resolve();
  release();
  await stage.time.settle();
  expect(stage.writer.statements.map((statement) => statement.length)).toEqual([100, 10]);
});

test("[R7] writes one batch at a time", async () => {
  using stage = new QueueStage({ maxBatchSize: 10 });
  stage.writer.delay = () => Bun.sleep(70);
  for (let index = 0; index < 200; index += 1) {
    stage.enqueue([final(index)]);
    await stage.time.advance(10);
  }
  await stage.time.advance(3000);
  expect(stage.writer.runningCountMax).toBe(1);
  expect(stage.writer.committed).toEqual(finals(200).map(indexOf));
});

test("[R3] at 1000 finals a second the database sees at most 10 statements a second", async () => {
  using stage = new QueueStage();
  // Seven in seven milliseconds: no tick meets a batch that has just gone out.
  for (let ms = 0; ms < 9996; ms += 7) {
    stage.enqueue(finals(7, ms));
    await stage.time.advance(7);
  }
  expect(stage.writer.statements.length).toBeLessThanOrEqual(100);
  await stage.time.advance(600);
  expect(stage.writer.committed).toHaveLength(9996);
});

test("[R7] no final waits longer than one and a half intervals, whatever filled before it", async () => {
  for (let afterTickMs = 0; afterTickMs < 300; afterTickMs += 60) {
    using stage = new QueueStage();
    await stage.time.advance(300 + afterTickMs);
    // A full batch, which goes at once, and one final more.
    stage.enqueue(finals(101));
    await stage.time.advance(450);
    expect(stage.writer.committed).toHaveLength(101);
  }
});

test("[R7] setBatchQueueConfig changes all three settings of the running queue", async () => {
  using stage = new QueueStage();
  const changed = stage.queue.setBatchQueueConfig({
    flushIntervalMs: 1000,
    maxBatchSize: 2,
    maxQueueSize: 3,
  });
  expect(changed.ok).toBe(true);
  stage.enqueue([final(0)]);
  await stage.time.advance(990);
  expect(stage.writer.statements).toEqual([]);
  await stage.time.advance(10);
  expect(stage.writer.statements).toEqual([[0]]);
  stage.writer.isUnreachable = true;
  stage.enqueue(finals(3, 1));
  await stage.time.settle();
  expect(stage.writer.statements[1]).toEqual([1, 2]);
  expect(stage.log.linesOf("Queue overflow!")).toHaveLength(1);
  stage.writer.isUnreachable = false;
  await stage.queue.flushAllPending(5000);
});

test("[R7] a refused change leaves the queue as it was", async () => {
  using stage = new QueueStage();
  const refused = stage.queue.setBatchQueueConfig({ flushIntervalMs: 1000, maxBatchSize: 0 });
  expect(refused).toMatchObject({ ok: false, problem: expect.stringContaining("maxBatchSize") });
  stage.enqueue([final(0)]);
  await stage.time.advance(300);
  expect(stage.writer.statements).toEqual([[0]]);
});

test("[R7] a change does not start a queue that was stopped", async () => {
  using stage = new QueueStage();
  stage.queue.stopFlushTimer();
  stage.queue.setBatchQueueConfig({ flushIntervalMs: 10 });
  stage.enqueue([final(0)]);
  await stage.time.advance(1000);
  expect(stage.writer.statements).toEqual([]);
});

test("counts finals as flushed when they are committed, and not before", async () => {
  using stage = new QueueStage();
  let release = () => {};
  stage.writer.delay = () => new Promise((resolve) => (release = resolve));
  stage.enqueue(finals(100));
  stage.enqueue([final(100)]);
  await stage.time.settle();
  expect(stage.queue.getQueueMetrics()).toMatchObject({
    queueLength: 101,
    totalQueued: 101,
    totalFlushed: 0,
    totalErrors: 0,
  });
  stage.writer.delay = () => Promise.resolve();
  release();
  await stage.time.settle();
  expect(stage.queue.getQueueMetrics()).toMatchObject({ queueLength: 1, totalFlushed: 100 });
  expect(await stage.metrics.exposition()).toContain("stenogate_queue_length 1");
  expect(await stage.metrics.exposition()).toContain("stenogate_final_commit_seconds_count 100");
});

test("[R7] warns once when the limit is reached, and says once when that is over", async () => {
  using stage = new QueueStage({ maxQueueSize: 10 });
  stage.writer.isUnreachable = true;
  stage.enqueue(finals(9));
  expect(stage.log.linesOf("Queue overflow!")).toEqual([]);
  stage.enqueue(finals(5, 9));
  await stage.time.advance(1000);
  stage.writer.isUnreachable = false;
  await stage.time.advance(6000);
  expect(stage.log.linesOf("Queue overflow!").map(({ fields }) => fields)).toEqual([
    { waiting: 10, limit: 10 },
  ]);
  expect(stage.log.linesOf("The queue is below its limit again")).toHaveLength(1);
});
