import { expect, test } from "bun:test";
import { AppError } from "../../../src/kernel/errors.ts";
import { QueueAlarms } from "../../../src/transcripts/queue/queue-alarms.ts";
import { JOURNALED_BYTES, MemoryJournal } from "../../support/actors/doubles/memory-journal.ts";
import { final } from "../../support/actors/doubles/numbered-finals.ts";
import { fakeTime } from "../../support/probes/fake-time.ts";
import { recordedLog } from "../../support/probes/recorded-log.ts";

function setup() {
  const journal = new MemoryJournal();
  const log = recordedLog();
  return { journal, log, alarms: new QueueAlarms({ journal, log }) };
}

const AWAY = new AppError("database-unreachable", "expected an answer, got none");

test("[R6] tells crossings, once each way", () => {
  const { alarms } = setup();
  const told: boolean[] = [];
  alarms.isUnjournaled.watch((isUnjournaled) => told.push(isUnjournaled));
  for (const isUnjournaled of [false, true, true, false, false]) {
    alarms.noteUnjournaled(isUnjournaled);
  }
  expect(told).toEqual([true, false]);
});

test("[R24] a client that cannot be told does not keep the final from the queue that it was about", () => {
  const { alarms, log } = setup();
  alarms.isUnjournaled.watch(() => {
    throw new Error("the test broke a client");
  });
  expect(() => alarms.noteUnjournaled(true)).not.toThrow();
  expect(alarms.readinessProblem()).toContain("finals wait in memory alone");
  expect(log.linesOf("Not every client could be told about the journal")).toHaveLength(1);
});

test("[R7] the warning of a long queue ends at four fifths of its limit, not where it began", () => {
  const { alarms, log } = setup();
  for (const waiting of [9, 10, 11, 9, 10, 9]) alarms.noteLength(waiting, 10);
  expect(log.linesOf("Queue overflow!")).toHaveLength(1);
  expect(log.linesOf("The queue is below its limit again")).toEqual([]);
  for (const waiting of [8, 9, 8]) alarms.noteLength(waiting, 10);
  expect(log.linesOf("The queue is below its limit again").map(({ fields }) => fields)).toEqual([
    { waiting: 8 },
  ]);
  alarms.noteLength(10, 10);
  expect(log.linesOf("Queue overflow!")).toHaveLength(2);
});

test("[R5] the database's latest failure is known also when it is over; its first one is logged", async () => {
  using time = fakeTime();
  const { alarms, log } = setup();
  expect(alarms.lastError).toBeNull();
  alarms.noteSuccess(0);
  alarms.noteFailure(AWAY, "standup");
  await time.advance(1000);
  alarms.noteFailure(new AppError("row-refused", "expected a table, got none"), undefined);
  const at = new Date().toISOString();
  alarms.noteSuccess(2);
  alarms.noteSuccess(0);
  expect(alarms.lastError).toEqual({ code: "row-refused", at });
  expect(log.lines.map(({ fields }) => fields)).toEqual([
    { call: "standup", code: "database-unreachable", problem: "expected an answer, got none" },
    { after: 2 },
  ]);
});

test("[R33] names the most pressing reason for which new sessions should go elsewhere", async () => {
  using time = fakeTime();
  const { alarms, journal } = setup();
  journal.bytesMax = JOURNALED_BYTES;
  expect(alarms.readinessProblem()).toBeUndefined();
  alarms.noteFailure(AWAY, undefined);
  await time.advance(10_000);
  expect(alarms.readinessProblem()).toBe("the database has taken no batch for 10 s");
  journal.append(final(1), { onKept: () => {}, onRefused: () => {} });
  expect(alarms.readinessProblem()).toBe("the journal is nearly full: 100 of 100 bytes");
  alarms.noteUnjournaled(true);
  expect(alarms.readinessProblem()).toBe("finals wait in memory alone: the journal takes none");
});
