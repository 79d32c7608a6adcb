import { expect, test } from "bun:test";
import { monotonicMs } from "../../src/kernel/timers.ts";
import { final, finals, indexOf } from "../support/actors/doubles/numbered-finals.ts";
import { WALL_CLOCK_STEPS_MS } from "../support/probes/fake-time.ts";
import { QueueStage } from "../support/stages/queue-stage.ts";

test("[R5] a refused final goes to the dead letters alone, and its neighbours are written", async () => {
  using stage = new QueueStage();
  stage.writer.badIndices.add(4).add(7);
  stage.enqueue(finals(10));
  await stage.time.advance(300);
  expect(stage.writer.committed).toEqual([0, 1, 2, 3, 5, 6, 8, 9]);
  const death = { cause: "row-refused", reason: "expected valid rows, got a bad one" };
  expect(stage.deadLetters).toEqual([
    { index: 4, ...death },
    { index: 7, ...death },
  ]);
  expect(stage.queue.getQueueMetrics()).toMatchObject({
    queueLength: 0,
    totalFlushed: 8,
    // One batch was not accepted as a whole, whatever it took to take it apart.
    totalErrors: 1,
  });
  const lines = stage.log.linesOf("A final went to the dead letters");
  expect(lines.map(({ fields }) => fields["utterance"])).toEqual(["provider-1:4", "provider-1:7"]);
  expect(JSON.stringify(stage.log.lines)).not.toContain("spoken");
  expect(await stage.metrics.exposition()).toContain(
    'stenogate_dead_letters_total{cause="row-refused"} 2',
  );
});

test("[R6] a final that the dead letters cannot take stays in the journal for the next start", async () => {
  using stage = new QueueStage();
  stage.hasRoomForDeadLetters = false;
  stage.writer.badIndices.add(0);
  stage.enqueue(finals(2));
  await stage.time.advance(300);
  expect([...stage.journal.finals.values()].map(indexOf)).toEqual([0]);
  expect(stage.log.linesOf("The dead letters take no final")).toHaveLength(1);
  expect(stage.metrics.tallies.segments_dropped).toBe(0);
});

test("[R6] a final that neither journal nor dead letters can take is lost, counted by cause and logged", async () => {
  using stage = new QueueStage();
  stage.hasRoomForDeadLetters = false;
  stage.journal.isRefusing = true;
  stage.writer.badIndices.add(0);
  stage.enqueue(finals(2));
  await stage.time.advance(300);
  expect(stage.queue.getQueueMetrics()).toMatchObject({
    queueLength: 0,
    dropped: { "dead-letters-full": 1, "memory-full": 0 },
  });
  expect(stage.log.linesOf("A final was lost").map(({ fields }) => fields)).toEqual([
    { call: "standup", utterance: "provider-1:0", cause: "dead-letters-full" },
  ]);
  expect(stage.metrics.tallies.segments_dropped).toBe(1);
});

test("[R5] a batch that the database could not take goes back to the front and is written in order", async () => {
  using stage = new QueueStage({ maxBatchSize: 4 });
  stage.writer.isUnreachable = true;
  stage.enqueue(finals(6));
  await stage.time.advance(2000);
  stage.enqueue(finals(6, 6));
  expect(stage.queue.getQueueMetrics()).toMatchObject({ queueLength: 12, totalFlushed: 0 });
  stage.writer.isUnreachable = false;
  await stage.time.advance(6000);
  expect(stage.writer.committed).toEqual(finals(12).map(indexOf));
  expect(stage.queue.getQueueMetrics()).toMatchObject({ queueLength: 0, totalFlushed: 12 });
});

test.each(WALL_CLOCK_STEPS_MS)(
  "[R5] [R34] finals are written soon after an outage in which the wall clock was set by %d ms",
  async (stepMs) => {
    using stage = new QueueStage({ maxBatchSize: 4 });
    stage.writer.isUnreachable = true;
    stage.enqueue(finals(6));
    await stage.time.advance(2000);
    const attempts = stage.writer.statements.length;
    stage.time.stepWallClock(stepMs);
    await stage.time.advance(100);
    expect(stage.writer.statements.length).toBeLessThanOrEqual(attempts + 1);
    expect(stage.queue.getQueueMetrics().oldestAgeMs).toBeWithin(2000, 2200);
    stage.writer.isUnreachable = false;
    await stage.time.advance(6000);
    expect(stage.writer.committed).toEqual(finals(6).map(indexOf));
  },
);

test("[R5] waits longer from attempt to attempt, within a window that jitter fills", async () => {
  using stage = new QueueStage({ flushIntervalMs: 10 });
  stage.writer.isUnreachable = true;
  const attemptsAt: number[] = [];
  const startMs = monotonicMs();
  stage.writer.delay = () => {
    attemptsAt.push(monotonicMs() - startMs);
    return Promise.resolve();
  };
  stage.enqueue([final(0)]);
  await stage.time.advance(60_000);
  const waits = attemptsAt.slice(1).map((at, index) => at - attemptsAt[index]!);
  // The first windows are 200, 400, 800 ms, the last ones 5 s; a tick of 10 ms notices their end.
  waits.forEach((wait, index) => {
    expect(wait).toBeGreaterThanOrEqual(100);
    expect(wait).toBeLessThanOrEqual(Math.min(5000, 200 * 2 ** index) + 10);
  });
  expect(waits.length).toBeGreaterThanOrEqual(60_000 / 5010);
  expect(new Set(waits.slice(5)).size).toBeGreaterThan(1);
  stage.queue.stopFlushTimer();
});

test("[R5] logs that the database refuses batches, and that it takes them again, once each", async () => {
  using stage = new QueueStage();
  stage.writer.isUnreachable = true;
  stage.enqueue([final(0)]);
  await stage.time.advance(20_000);
  expect(stage.log.linesOf("Error flushing batch for call").map(({ fields }) => fields)).toEqual([
    {
      call: "standup",
      code: "database-unreachable",
      problem: "expected an answer, got none",
    },
  ]);
  const { totalErrors, lastError } = stage.queue.getQueueMetrics();
  expect(totalErrors).toBe(stage.writer.statements.length);
  expect(lastError?.code).toBe("database-unreachable");
  stage.writer.isUnreachable = false;
  await stage.time.advance(6000);
  expect(stage.log.linesOf("The database takes batches again").map(({ fields }) => fields)).toEqual(
    [{ after: totalErrors }],
  );
});

test("[R33] is not ready once writing has failed for ten seconds, and ready after the first batch", async () => {
  using stage = new QueueStage();
  stage.writer.isUnreachable = true;
  stage.enqueue([final(0)]);
  await stage.time.advance(9500);
  expect(stage.queue.readinessProblem()).toBeUndefined();
  await stage.time.advance(2000);
  expect(stage.queue.readinessProblem()).toBe("the database has taken no batch for 11 s");
  stage.writer.isUnreachable = false;
  await stage.time.advance(6000);
  expect(stage.queue.readinessProblem()).toBeUndefined();
});

test("[R5] works a backlog off in statements of two thousand rows", async () => {
  using stage = new QueueStage({ maxQueueSize: 5000 });
  stage.writer.isUnreachable = true;
  stage.enqueue(finals(3500));
  await stage.time.advance(1000);
  const before = stage.writer.statements.length;
  stage.writer.isUnreachable = false;
  await stage.time.advance(6000);
  expect(stage.writer.statements.slice(before).map((statement) => statement.length)).toEqual([
    2000, 1500,
  ]);
});

test("[R5] two batches that the database could not take go back in order", async () => {
  using stage = new QueueStage({ maxQueueSize: 5000 });
  stage.writer.isUnreachable = true;
  stage.enqueue(finals(4500));
  await stage.time.advance(6000);
  const sizes = stage.writer.statements.map((statement) => statement.length);
  expect(sizes.slice(-2)).toEqual([2000, 2000]);
  stage.writer.isUnreachable = false;
  await stage.time.advance(6000);
  expect(stage.writer.committed).toEqual(finals(4500).map(indexOf));
});

test("[R5] a final of an unknown call holds nobody up, and is written once its call is there", async () => {
  using stage = new QueueStage();
  stage.writer.unknownSlugs.add("soon");
  stage.enqueue([final(0, { sessionSlug: "soon" })]);
  stage.enqueue([final(1)]);
  await stage.time.advance(10_000);
  expect(stage.writer.committed).toEqual([1]);
  expect(stage.queue.getQueueMetrics()).toMatchObject({ queueLength: 1, totalFlushed: 1 });
  // Every two seconds, not every tick.
  expect(stage.writer.statements.length).toBeLessThanOrEqual(6);
  stage.writer.unknownSlugs.clear();
  await stage.time.advance(3000);
  expect(stage.writer.committed).toEqual([1, 0]);
  expect(stage.queue.getQueueMetrics()).toMatchObject({ queueLength: 0, totalFlushed: 2 });
  expect(stage.deadLetters).toEqual([]);
});

test("[R5] a final whose call stays unknown for a minute goes to the dead letters", async () => {
  using stage = new QueueStage();
  stage.writer.unknownSlugs.add("never");
  stage.enqueue([final(0, { sessionSlug: "never" })]);
  await stage.time.advance(59_000);
  expect(stage.queue.getQueueMetrics().queueLength).toBe(1);
  await stage.time.advance(4000);
  expect(stage.queue.getQueueMetrics().queueLength).toBe(0);
  expect(stage.deadLetters).toMatchObject([{ index: 0, cause: "session-unknown" }]);
});
