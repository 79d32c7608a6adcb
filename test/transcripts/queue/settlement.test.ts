import { expect, test } from "bun:test";
import { AppError } from "../../../src/kernel/errors.ts";
import { Metrics } from "../../../src/observe/metrics.ts";
import type { QueuedFinal } from "../../../src/transcripts/final.ts";
import { ParkedFinals } from "../../../src/transcripts/queue/parked-finals.ts";
import { Settlement } from "../../../src/transcripts/queue/settlement.ts";
import { MemoryJournal } from "../../support/actors/doubles/memory-journal.ts";
import { final, indexOf } from "../../support/actors/doubles/numbered-finals.ts";
import { recordedLog } from "../../support/probes/recorded-log.ts";

/** Finals 0 to 2 are in the journal, 3 to 5 in memory alone. */
function setup({ parkedMax = 10, buriedMax = 10 } = {}) {
  const journal = new MemoryJournal();
  const batch: QueuedFinal[] = [];
  const listener = { onKept: (one: QueuedFinal) => void batch.push(one), onRefused: () => {} };
  for (const index of [0, 1, 2]) journal.append(final(index), listener);
  const parked = new ParkedFinals({ limitMs: 60_000, finalsMax: parkedMax });
  const buried: string[] = [];
  const deadLetters = {
    add: (one: QueuedFinal, cause: string, reason: string) =>
      buried.length < buriedMax && buried.push(`${indexOf(one)} ${cause} ${reason}`) > 0,
  };
  const metrics = new Metrics();
  const log = recordedLog();
  const settlement = new Settlement({ journal, deadLetters, parked, log, metrics });
  for (const index of [3, 4, 5]) {
    batch.push({ ...final(index), sequence: undefined, queuedAtMs: 0 });
    settlement.noteUnjournaled();
  }
  const journaled = () => [...journal.finals.values()].map(indexOf);
  return { settlement, batch, parked, buried, journaled, metrics, log };
}

const COMMITTED = { refused: [], unknownCalls: [] };
const REASON = new AppError("row-refused", "SQLSTATE 22021");

test("[R1] committed finals leave the journal, or the count of those that it does not have", () => {
  const { settlement, batch, journaled, metrics } = setup();
  settlement.settle(batch.slice(0, 2), COMMITTED);
  expect([journaled(), settlement.unjournaledCount]).toEqual([[2], 3]);
  settlement.settle(batch.slice(2, 5), COMMITTED);
  expect([journaled(), settlement.unjournaledCount]).toEqual([[], 1]);
  expect(metrics.tallies).toMatchObject({ segments_flushed: 5, flush_errors: 0 });
});

test("[R5] finals of unknown calls stay in the journal, and in the count, while they are parked", () => {
  const { settlement, batch, parked, journaled, metrics } = setup({ parkedMax: 6 });
  settlement.settle(batch, { refused: [], unknownCalls: batch });
  expect(parked.takeAll()).toEqual(batch);
  expect([journaled(), settlement.unjournaledCount]).toEqual([[0, 1, 2], 3]);
  expect(metrics.tallies.segments_flushed).toBe(0);
});

test("[R5] what is refused, or parked in vain, is buried and leaves; its neighbours are committed", () => {
  const { settlement, batch, buried, journaled, metrics } = setup({ parkedMax: 0 });
  const refused = [0, 3].map((index) => ({ final: batch[index]!, reason: REASON }));
  settlement.settle(batch, { refused, unknownCalls: [batch[1]!, batch[4]!] });
  expect(buried).toEqual([
    "0 row-refused SQLSTATE 22021",
    "1 session-unknown its call stayed unknown",
    "3 row-refused SQLSTATE 22021",
    "4 session-unknown its call stayed unknown",
  ]);
  expect([journaled(), settlement.unjournaledCount]).toEqual([[], 0]);
  expect(metrics.tallies).toMatchObject({ segments_flushed: 2, flush_errors: 1 });
});

test("[R6] without room for the dead, the journal keeps its finals, and what it does not have is lost", () => {
  const { settlement, batch, journaled, log } = setup({ buriedMax: 0 });
  const refused = batch.map((one) => ({ final: one, reason: REASON }));
  settlement.settle(batch, { refused, unknownCalls: [] });
  expect([journaled(), settlement.unjournaledCount]).toEqual([[0, 1, 2], 0]);
  expect(settlement.losses).toEqual({ "memory-full": 0, "dead-letters-full": 3 });
  expect(log.linesOf("The dead letters take no final")).toHaveLength(6);
  expect(log.linesOf("A final was lost").map(({ fields }) => fields["utterance"])).toEqual([
    "provider-1:3",
    "provider-1:4",
    "provider-1:5",
  ]);
});
