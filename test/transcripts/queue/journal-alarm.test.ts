import { expect, test } from "bun:test";
import { JournalAlarm } from "../../../src/transcripts/queue/journal-alarm.ts";
import { MemoryJournal } from "../../support/actors/doubles/memory-journal.ts";
import { recordedLog } from "../../support/probes/recorded-log.ts";

test("[R6] tells crossings, once each way", () => {
  const told: boolean[] = [];
  const alarm = new JournalAlarm({
    journal: new MemoryJournal(),
    log: recordedLog(),
    onUnjournaled: (isUnjournaled) => told.push(isUnjournaled),
  });
  for (const isUnjournaled of [false, true, true, false, false]) alarm.note(isUnjournaled);
  expect(told).toEqual([true, false]);
});

test("[R24] a client that cannot be told does not keep the final from the queue that it was about", () => {
  const log = recordedLog();
  const alarm = new JournalAlarm({
    journal: new MemoryJournal(),
    log,
    onUnjournaled: () => {
      throw new Error("the test broke a client");
    },
  });
  expect(() => alarm.note(true)).not.toThrow();
  expect(alarm.readinessProblem()).toContain("finals wait in memory alone");
  expect(log.linesOf("Not every client could be told about the journal")).toHaveLength(1);
});
