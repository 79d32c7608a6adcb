import { expect, test } from "bun:test";
import type { QueuedRow } from "../../../src/transcripts/queue/batch-writer.ts";
import { ParkedRows } from "../../../src/transcripts/queue/parked-rows.ts";
import { row } from "../../support/actors/doubles/scripted-writer.ts";

const LIMIT_MS = 60_000;

const parkedRows = (rowsMax = 100) => new ParkedRows({ limitMs: LIMIT_MS, rowsMax });
const queued = (index: number): QueuedRow => ({ row: row(index), queuedAtMs: 0, sequence: index });

test("[R5] gives rows back for another try after two seconds, together and in order", () => {
  const parked = parkedRows();
  const rows = [queued(1), queued(2)];
  for (const one of rows) expect(parked.add(one, 100)).toBe(true);
  expect(parked.count).toBe(2);
  expect(parked.takeDue(2099)).toEqual([]);
  expect(parked.takeDue(2100)).toEqual(rows);
  expect(parked.count).toBe(0);
  expect(parked.takeDue(9999)).toEqual([]);
});

test("[R5] is not put off by rows that join", () => {
  const parked = parkedRows();
  parked.add(queued(1), 0);
  parked.add(queued(2), 1900);
  expect(parked.takeDue(2000)).toHaveLength(2);
});

test("[R5] refuses a row a minute after it was first found without its session", () => {
  const parked = parkedRows();
  const one = queued(1);
  // However long it had waited before: an earlier process may have left it.
  for (const at of [500_000, 500_000 + LIMIT_MS - 1]) {
    expect(parked.add(one, at)).toBe(true);
    expect(parked.takeAll()).toEqual([one]);
  }
  expect(parked.add(one, 500_000 + LIMIT_MS)).toBe(false);
  expect(parked.count).toBe(0);
});

test("[R6] takes no more rows than it may", () => {
  const parked = parkedRows(1);
  expect(parked.add(queued(1), 0)).toBe(true);
  expect(parked.add(queued(2), 0)).toBe(false);
});
