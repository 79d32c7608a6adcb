import { expect, test } from "bun:test";
import type { QueuedFinal } from "../../../src/transcripts/final.ts";
import { WaitingFinals } from "../../../src/transcripts/queue/waiting-finals.ts";
import { MemoryJournal } from "../../support/actors/doubles/memory-journal.ts";
import { final, finals, indexOf } from "../../support/actors/doubles/numbered-finals.ts";
import { seededRandom } from "../../support/probes/seeded-random.ts";

/** Finals in a journal, and what waits of them in memory. */
function setup(finalsMax: number, leftByAnotherProcess = 0) {
  const journal = new MemoryJournal();
  const ignored = { onKept: () => {}, onRefused: () => {} };
  for (const one of finals(leftByAnotherProcess)) journal.append(one, ignored);
  const waiting = new WaitingFinals(journal, { finalsMax });
  const add = (index: number) =>
    journal.append(final(index), {
      onKept: (journaled) => expect(waiting.add(journaled)).toBe(true),
      onRefused: () => {},
    });
  const take = (count: number) => {
    waiting.refill();
    return waiting.take(count).map(indexOf);
  };
  return { journal, waiting, add, take };
}

const unjournaled = (index: number): QueuedFinal => ({
  ...final(index),
  queuedAtMs: 0,
  sequence: undefined,
});

test("[R1] gives out what an earlier process left before anything new", () => {
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
  const batch = waiting.take(2);
  waiting.putBack(batch);
  expect(take(10)).toEqual([0, 1, 2, 3]);
});

test("[R6] gives every final out once and in order, however adding and taking alternate", () => {
  const random = seededRandom("waiting-finals");
  for (let run = 0; run < 200; run += 1) {
    const left = random.whole(0, 20);
    const { waiting, add, take } = setup(random.whole(1, 10), left);
    const taken: number[] = [];
    let added = left;
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
