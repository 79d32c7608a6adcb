import { expect, test } from "bun:test";
import type { QueuedFinal } from "../../../src/transcripts/final.ts";
import { ParkedFinals } from "../../../src/transcripts/queue/parked-finals.ts";
import { final } from "../../support/actors/doubles/numbered-finals.ts";

const LIMIT_MS = 60_000;

const parkedFinals = (finalsMax = 100) => new ParkedFinals({ limitMs: LIMIT_MS, finalsMax });
const queued = (index: number): QueuedFinal => ({
  ...final(index),
  queuedAtMs: 0,
  sequence: index,
});

test("[R5] gives finals back for another try after two seconds, together and in order", () => {
  const parked = parkedFinals();
  const parkedOnes = [queued(1), queued(2)];
  for (const one of parkedOnes) expect(parked.add(one, 100)).toBe(true);
  expect(parked.takeDue(2099)).toEqual([]);
  expect(parked.takeDue(2100)).toEqual(parkedOnes);
  expect(parked.takeDue(9999)).toEqual([]);
});

test("[R5] is not put off by finals that join", () => {
  const parked = parkedFinals();
  parked.add(queued(1), 0);
  parked.add(queued(2), 1900);
  expect(parked.takeDue(2000)).toHaveLength(2);
});

test("[R5] refuses a final a minute after it was first found without its call", () => {
  const parked = parkedFinals();
  const one = queued(1);
  // However long it had waited before: an earlier process may have kept it.
  for (const at of [500_000, 500_000 + LIMIT_MS - 1]) {
    expect(parked.add(one, at)).toBe(true);
    expect(parked.takeAll()).toEqual([one]);
  }
  expect(parked.add(one, 500_000 + LIMIT_MS)).toBe(false);
  expect(parked.takeAll()).toEqual([]);
});

test("[R6] takes no more finals than it may", () => {
  const parked = parkedFinals(1);
  expect(parked.add(queued(1), 0)).toBe(true);
  expect(parked.add(queued(2), 0)).toBe(false);
});
