import { expect, test } from "bun:test";
import type { QueuedFinal } from "../../../src/transcripts/final.ts";
import { WaitingFinals } from "../../../src/transcripts/queue/waiting-finals.ts";
import { MemoryJournal } from "../../support/actors/doubles/memory-journal.ts";
import { final, finals, indexOf } from "../../support/actors/doubles/numbered-finals.ts";
import { seededRandom } from "../../support/probes/seeded-random.ts";

/** Finals in a journal, and what waits of them in memory. */
function setup(finalsMax: number, keptByAnotherProcess = 0) {
  const journal = new MemoryJournal();
  const ignored = { onKept: () => {}, onRefused: () => {} };
  for (const one of finals(keptByAnotherProcess)) journal.append(one, ignored);
  const waiting = new WaitingFinals(journal, { finalsMax });
  const add = (index: number) =>
    journal.append(final(index), {
      onKept: (journaled) => expect(waiting.add(journaled)).toBe(true),
      onRefused: () => {},
    });
  const takeBatches = (batchSize: number) =>
    waiting.takeBatches(batchSize).map((batch) => batch.map(indexOf));
  const take = (batchSize: number) => takeBatches(batchSize).flat();
  return { journal, waiting, add, take, takeBatches };
}

/** Finals that only memory has. */
function setupUnjournaled(indices: readonly number[]) {
  const stage = setup(10_000);
  for (const index of indices) stage.waiting.add(unjournaled(index));
  return stage;
}

const unjournaled = (index: number): QueuedFinal => ({
  ...final(index),
  queuedAtMs: 0,
  sequence: undefined,
});

const count = (length: number) => Array.from({ length }, (_, index) => index);

test("[R1] gives out what an earlier process kept before anything new", () => {
  const { waiting, add, take } = setup(10, 3);
  add(3);
  add(4);
  expect(waiting.hasMore).toBe(true);
  expect(take(10)).toEqual([0, 1, 2, 3, 4]);
  expect(waiting.hasMore).toBe(false);
});

test("[R6] keeps what does not fit in the journal alone, and reads it back in order", () => {
  const { waiting, add, take } = setup(4);
  take(1);
  for (let index = 0; index < 10; index += 1) {
    add(index);
    expect(waiting.count).toBeLessThanOrEqual(4);
  }
  expect([take(3), take(3), take(3), take(3)].flat()).toEqual(finals(10).map(indexOf));
});

test("[R6] has no room for a final that the journal has not, when memory is full", () => {
  const { waiting } = setup(1);
  expect(waiting.add(unjournaled(0))).toBe(true);
  expect(waiting.add(unjournaled(1))).toBe(false);
});

test("[R5] puts finals back before all others", () => {
  const { waiting, add, take } = setup(10);
  take(1);
  for (const index of [0, 1, 2, 3]) add(index);
  for (const batch of waiting.takeBatches(2)) waiting.putBack(batch);
  expect(take(10)).toEqual([0, 1, 2, 3]);
});

test("[R6] gives every final out once and in order, however adding and taking alternate", () => {
  const random = seededRandom("waiting-finals");
  for (let run = 0; run < 200; run += 1) {
    const kept = random.whole(0, 20);
    const { waiting, add, take } = setup(random.whole(1, 10), kept);
    const taken: number[] = [];
    let added = kept;
    for (let step = 0; step < 60; step += 1) {
      if (random.next() < 0.6) {
        add(added);
        added += 1;
      } else taken.push(...take(random.whole(1, 5)));
    }
    for (let guard = 0; waiting.hasMore && guard < 1000; guard += 1) taken.push(...take(3));
    expect(taken).toEqual(finals(added).map(indexOf));
  }
});

test("takes one batch of the set size while there is no backlog, and none when nothing waits", () => {
  const { waiting, takeBatches } = setupUnjournaled(count(400));
  expect(takeBatches(100).map((batch) => batch.length)).toEqual([100]);
  expect(waiting.count).toBe(300);
  expect(setupUnjournaled([]).takeBatches(100)).toEqual([]);
});

test("[R7] takes two batches of two thousand from a backlog, oldest first", () => {
  const { takeBatches } = setupUnjournaled(count(4500));
  const batches = takeBatches(100);
  expect(batches.map((batch) => batch.length)).toEqual([2000, 2000]);
  expect(batches.flat()).toEqual(count(4000));
  expect(takeBatches(100).map((batch) => batch.length)).toEqual([500]);
});

test("[R4] does not write two finals of one key at once", () => {
  const { waiting, takeBatches } = setupUnjournaled([...count(2500), 0]);
  expect(takeBatches(100).map((batch) => batch.length)).toEqual([2000]);
  expect(indexOf(waiting.oldest!)).toBe(2000);
});

test("[R7] a full batch goes out at once, a smaller one when its finals are due", () => {
  const { waiting, take } = setupUnjournaled(count(3));
  expect(waiting.isBatchDue(3)).toBe(true);
  expect(waiting.isBatchDue(4)).toBe(false);
  waiting.markAllDue();
  expect(waiting.isBatchDue(4)).toBe(true);
  expect(take(4)).toEqual([0, 1, 2]);
  expect(waiting.isBatchDue(4)).toBe(false);
});

test("[R7] what comes after the others were marked does not go out with them", () => {
  const { waiting, take } = setupUnjournaled(count(5));
  waiting.markAllDue();
  expect(take(3)).toEqual([0, 1, 2]);
  waiting.add(unjournaled(5));
  // The next batch takes what is there; the ones behind it are not due for that.
  expect(take(3)).toEqual([3, 4, 5]);
  waiting.add(unjournaled(6));
  expect(waiting.isBatchDue(3)).toBe(false);
});

test("[R5] what is put back is due again when it is marked again, not before", () => {
  const { waiting } = setupUnjournaled(count(2));
  waiting.markAllDue();
  for (const batch of waiting.takeBatches(3)) waiting.putBack(batch);
  expect(waiting.isBatchDue(3)).toBe(false);
  waiting.markAllDue();
  expect(waiting.isBatchDue(3)).toBe(true);
});

test("[R7] what is still in the journal is due with the rest, to its end", () => {
  const { waiting, add, take } = setup(4, 9);
  waiting.markAllDue();
  const taken: number[] = [];
  while (waiting.isBatchDue(100)) taken.push(...take(100));
  expect(taken).toEqual(count(9));
  // Memory is behind no more: what comes now waits for its own mark.
  add(9);
  expect(waiting.isBatchDue(100)).toBe(false);
});

test("[R5] stays due, and loses nothing, when the journal cannot be read", () => {
  const { journal, waiting, take } = setup(10, 3);
  waiting.markAllDue();
  const readAfter = journal.readAfter.bind(journal);
  journal.readAfter = () => {
    throw new Error("the test broke the disk");
  };
  expect(() => waiting.takeBatches(10)).toThrow("the test broke the disk");
  expect(waiting.isBatchDue(10)).toBe(true);
  journal.readAfter = readAfter;
  expect(take(10)).toEqual([0, 1, 2]);
});
