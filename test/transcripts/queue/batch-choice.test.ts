import { expect, test } from "bun:test";
import { takeBatches } from "../../../src/transcripts/queue/batch-choice.ts";
import { WaitingFinals } from "../../../src/transcripts/queue/waiting-finals.ts";
import { MemoryJournal } from "../../support/actors/doubles/memory-journal.ts";
import { final, indexOf } from "../../support/actors/doubles/numbered-finals.ts";

function waitingFinals(indices: readonly number[]): WaitingFinals {
  const waiting = new WaitingFinals(new MemoryJournal(), { finalsMax: 10_000 });
  for (const index of indices) {
    waiting.add({ sequence: undefined, ...final(index), queuedAtMs: index });
  }
  return waiting;
}

const count = (length: number) => Array.from({ length }, (_, index) => index);

test("takes one batch of the set size while there is no backlog", () => {
  const waiting = waitingFinals(count(400));
  expect(takeBatches(waiting, 100).map((batch) => batch.length)).toEqual([100]);
  expect(waiting.count).toBe(300);
  expect(takeBatches(waitingFinals([]), 100)).toEqual([]);
});

test("[R7] takes two batches of two thousand from a backlog, oldest first", () => {
  const waiting = waitingFinals(count(4500));
  const batches = takeBatches(waiting, 100);
  expect(batches.map((batch) => batch.length)).toEqual([2000, 2000]);
  expect(batches.flat().map(indexOf)).toEqual(count(4000));
  expect(takeBatches(waiting, 100).map((batch) => batch.length)).toEqual([500]);
});

test("[R4] does not write two finals of one key at once", () => {
  const waiting = waitingFinals([...count(2500), 0]);
  expect(takeBatches(waiting, 100).map((batch) => batch.length)).toEqual([2000]);
  expect(indexOf(waiting.oldest!)).toBe(2000);
});
