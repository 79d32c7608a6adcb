import { describe, expect, test } from "bun:test";
import { FinalLedger } from "../../../src/speech/finals/final-ledger.ts";

function ledgerOf(...stretches: [start: number, end: number][]): FinalLedger {
  const ledger = new FinalLedger();
  stretches.forEach(([start, end], index) =>
    ledger.add({ key: `s:${index}`, ownKey: `s:${index}`, start, end }),
  );
  return ledger;
}

describe("[R11] the ledger of finals", () => {
  test("knows a stretch that a replay reports again, a little moved", () => {
    const ledger = ledgerOf([1, 2]);
    expect(ledger.covers(1, 2)).toBe(true);
    expect(ledger.covers(1.1, 2.1)).toBe(true);
    expect(ledger.covers(0.6, 2.3)).toBe(true);
  });

  test("keeps whoever says yes twice", () => {
    const ledger = ledgerOf([1, 1.4]);
    expect(ledger.covers(1.5, 1.9)).toBe(false);
    expect(ledger.covers(0.5, 0.9)).toBe(false);
  });

  test("tells a stretch by more than half of it", () => {
    const ledger = ledgerOf([0, 1]);
    expect(ledger.covers(0.5, 1.5)).toBe(false);
    expect(ledger.covers(0.4, 1.5)).toBe(true);
    expect(ledger.covers(0.9, 3)).toBe(false);
  });

  test("knows one stretch that several finals cover", () => {
    const ledger = ledgerOf([0, 1], [1, 2], [2, 3]);
    expect(ledger.covers(0, 3)).toBe(true);
    expect(ledger.covers(0.5, 2.5)).toBe(true);
    expect(ledger.covers(1.4, 4.4)).toBe(true);
  });

  test("takes an utterance of no length for the place where it stands", () => {
    const ledger = ledgerOf([1, 2]);
    expect([0.9, 1, 1.5, 2].map((at) => ledger.covers(at, at))).toEqual([false, true, true, false]);
  });

  test("ends with its latest stretch, in whatever order they came", () => {
    expect(new FinalLedger().end).toBe(0);
    expect(ledgerOf([5, 6], [1, 2]).end).toBe(6);
    const ledger = ledgerOf([3, 4], [1, 2], [2, 3]);
    expect([1, 2, 3].map((start) => ledger.covers(start, start + 1))).toEqual([true, true, true]);
  });

  test("forgets what was said longest ago, of more than 8192", () => {
    const ledger = new FinalLedger();
    for (let index = 0; index <= 8192; index += 1) {
      ledger.add({ key: `s:${index}`, ownKey: `s:${index}`, start: index, end: index + 1 });
    }
    expect(ledger.covers(0, 1)).toBe(false);
    expect(ledger.covers(1, 2)).toBe(true);
    expect(ledger.covers(8192, 8193)).toBe(true);
  });

  test("finds the piece that a cut has left of a longer utterance, and nothing that is nearly whole", () => {
    const ledger = ledgerOf([2, 3]);
    expect(ledger.findPiece(1, 3)).toEqual({ key: "s:0", ownKey: "s:0", start: 2, end: 3 });
    expect(ledger.findPiece(2.05, 3.5)?.key).toBe("s:0");
    expect(ledger.findPiece(2, 3.05)).toBeUndefined();
    expect(ledger.findPiece(2.5, 5)).toBeUndefined();
    expect(ledger.findPiece(3, 6)).toBeUndefined();
  });

  test("covers nothing that was taken out again", () => {
    const ledger = ledgerOf([1, 3]);
    const piece = ledger.findPiece(0, 3)!;
    ledger.remove(piece);
    ledger.remove(piece);
    expect(ledger.covers(1, 3)).toBe(false);
    expect(ledger.end).toBe(0);
  });
});
