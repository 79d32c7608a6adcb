import { expect, test } from "bun:test";
import { JOURNALED_BYTES, MemoryJournal } from "../support/actors/doubles/memory-journal.ts";
import { final, finals, indexOf } from "../support/actors/doubles/numbered-finals.ts";
import { QueueStage } from "../support/stages/queue-stage.ts";

/** Finals that fit into memory beside the journal's. */
const MEMORY_FINALS_MAX = 20_000;

test("[R1] a final may be shown once the journal has it, and leaves the journal when it is committed", async () => {
  using stage = new QueueStage();
  stage.enqueue(finals(3));
  expect(stage.shown).toEqual([0, 1, 2]);
  expect(stage.journal.finals.size).toBe(3);
  await stage.time.advance(300);
  expect(stage.writer.committed).toEqual([0, 1, 2]);
  expect(stage.journal.finals.size).toBe(0);
});

test("[R1] a final stays in the journal while the database refuses it", async () => {
  using stage = new QueueStage();
  stage.writer.isUnreachable = true;
  stage.enqueue(finals(3));
  await stage.time.advance(5000);
  expect([...stage.journal.finals.values()].map(indexOf)).toEqual([0, 1, 2]);
});

test("[R1] what an earlier process kept is written first, without anybody asking", async () => {
  const journal = new MemoryJournal();
  for (const one of finals(250)) journal.append(one, { onKept: () => {}, onRefused: () => {} });
  using stage = new QueueStage({}, journal);
  stage.enqueue([final(250)]);
  expect(stage.queue.getQueueMetrics().queueLength).toBe(251);
  await stage.time.advance(700);
  expect(stage.writer.committed).toEqual(finals(251).map(indexOf));
  expect(journal.finals.size).toBe(0);
});

test("[R5] a dead letter is kept before its final leaves the journal", async () => {
  using stage = new QueueStage();
  stage.writer.badIndices.add(0);
  stage.enqueue([final(0)]);
  const sizes: number[] = [];
  const push = stage.deadLetters.push.bind(stage.deadLetters);
  stage.deadLetters.push = (...notes) => {
    sizes.push(stage.journal.finals.size);
    return push(...notes);
  };
  await stage.time.advance(300);
  expect(sizes).toEqual([1]);
  expect(stage.journal.finals.size).toBe(0);
});

test("[R6] a final that the journal cannot take waits in memory, is shown and written, and everybody is told once", async () => {
  using stage = new QueueStage();
  stage.journal.isRefusing = true;
  stage.enqueue(finals(3));
  expect(stage.shown).toEqual([0, 1, 2]);
  expect(stage.unjournaled).toEqual([true]);
  expect(stage.queue.readinessProblem()).toContain("the journal takes none");
  expect(stage.queue.getQueueMetrics().queueLength).toBe(3);
  expect(stage.metrics.tallies.segments_unjournaled).toBe(3);
  await stage.time.advance(300);
  expect(stage.writer.committed).toEqual([0, 1, 2]);
  expect(stage.queue.getQueueMetrics().queueLength).toBe(0);
  stage.journal.isRefusing = false;
  stage.enqueue(finals(2, 3));
  await stage.time.advance(300);
  expect(stage.unjournaled).toEqual([true, false]);
  expect(stage.queue.readinessProblem()).toBeUndefined();
  expect(stage.log.linesOf("The journal takes no finals: they wait in memory alone")).toHaveLength(
    1,
  );
  expect(stage.log.linesOf("Every final is in the journal again")).toHaveLength(1);
});

test("[R6] that finals wait in memory alone is told before the first of them is shown", () => {
  using stage = new QueueStage();
  stage.journal.isRefusing = true;
  const shownWhenTold: number[] = [];
  stage.queue.isUnjournaled.watch(() => shownWhenTold.push(stage.shown.length));
  stage.enqueue(finals(2));
  expect(shownWhenTold).toEqual([0]);
  expect(stage.queue.isUnjournaled.value).toBe(true);
});

test("[R6] near the journal's bound the queue is not ready", () => {
  using stage = new QueueStage();
  stage.journal.bytesMax = 10 * JOURNALED_BYTES;
  stage.enqueue(finals(7));
  expect(stage.queue.readinessProblem()).toBeUndefined();
  stage.enqueue([final(7)]);
  expect(stage.queue.readinessProblem()).toBe("the journal is nearly full: 800 of 1000 bytes");
});

test("[R6] a final that neither journal nor memory can take is lost, counted by cause and logged", () => {
  using stage = new QueueStage({ maxBatchSize: 5000 });
  stage.writer.delay = () => new Promise(() => {});
  stage.journal.isRefusing = true;
  // The first full batch has gone to the database, and is not heard of again.
  stage.enqueue(finals(5000 + MEMORY_FINALS_MAX + 1));
  expect(stage.queue.getQueueMetrics()).toMatchObject({
    queueLength: 5000 + MEMORY_FINALS_MAX,
    dropped: { "memory-full": 1, "dead-letters-full": 0 },
  });
  expect(stage.log.linesOf("A final was lost").map(({ fields }) => fields)).toEqual([
    {
      call: "standup",
      utterance: `provider-1:${5000 + MEMORY_FINALS_MAX}`,
      cause: "memory-full",
    },
  ]);
  expect(stage.shown).toHaveLength(5000 + MEMORY_FINALS_MAX + 1);
});
