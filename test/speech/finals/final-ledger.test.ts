import { describe, expect, test } from "bun:test";
import { FinalLedger } from "../../../src/speech/finals/final-ledger.ts";

/** Of what is asked about; the finals that are there are of another one. */
const LAP = "asked";

function ledgerOf(...stretches: [start: number, end: number][]): FinalLedger {
  const ledger = new FinalLedger();
  stretches.forEach(([start, end], index) =>
    ledger.add({ key: `s:${index}`, ownKey: `s:${index}`, lap: "told", start, end }),
  );
  return ledger;
}

describe("[R11] the ledger of finals", () => {
  test("knows a stretch that a replay reports again, a little moved", () => {
    const ledger = ledgerOf([1, 2]);
    expect(ledger.covers(1, 2, LAP)).toBe(true);
    expect(ledger.covers(1.1, 2.1, LAP)).toBe(true);
    expect(ledger.covers(0.6, 2.3, LAP)).toBe(true);
  });

  test("keeps whoever says yes twice", () => {
    const ledger = ledgerOf([1, 1.4]);
    expect(ledger.covers(1.5, 1.9, LAP)).toBe(false);
    expect(ledger.covers(0.5, 0.9, LAP)).toBe(false);
  });

  test("tells a stretch by more than half of it", () => {
    const ledger = ledgerOf([0, 1]);
    expect(ledger.covers(0.5, 1.5, LAP)).toBe(false);
    expect(ledger.covers(0.4, 1.5, LAP)).toBe(true);
    expect(ledger.covers(0.9, 3, LAP)).toBe(false);
  });

  test("knows one stretch that several finals cover", () => {
    const ledger = ledgerOf([0, 1], [1, 2], [2, 3]);
    expect(ledger.covers(0, 3, LAP)).toBe(true);
    expect(ledger.covers(0.5, 2.5, LAP)).toBe(true);
    expect(ledger.covers(1.4, 4.4, LAP)).toBe(true);
  });

  test("takes an utterance of no length for the place where it stands", () => {
    const ledger = ledgerOf([1, 2]);
    expect([0.9, 1, 1.5, 2].map((at) => ledger.covers(at, at, LAP))).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });

  test("ends with its latest stretch, in whatever order they came", () => {
    expect(new FinalLedger().end).toBe(0);
    expect(ledgerOf([5, 6], [1, 2]).end).toBe(6);
    const ledger = ledgerOf([3, 4], [1, 2], [2, 3]);
    expect([1, 2, 3].map((start) => ledger.covers(start, start + 1, LAP))).toEqual([
      true,
      true,
      true,
    ]);
  });

  test("forgets what was said longest ago, of more than 8192", () => {
    const ledger = new FinalLedger();
    for (let index = 0; index <= 8192; index += 1) {
      ledger.add({
        key: `s:${index}`,
        ownKey: `s:${index}`,
        lap: "told",
        start: index,
        end: index + 1,
      });
    }
    expect(ledger.covers(0, 1, LAP)).toBe(false);
    expect(ledger.covers(1, 2, LAP)).toBe(true);
    expect(ledger.covers(8192, 8193, LAP)).toBe(true);
  });

  test("finds the piece that a cut has left of a longer utterance, and nothing that is nearly whole", () => {
    const ledger = ledgerOf([2, 3]);
    expect(ledger.findPiece(1, 3, LAP)).toEqual({
      key: "s:0",
      ownKey: "s:0",
      lap: "told",
      start: 2,
      end: 3,
    });
    expect(ledger.findPiece(2.05, 3.5, LAP)?.key).toBe("s:0");
    expect(ledger.findPiece(2, 3.05, LAP)).toBeUndefined();
    expect(ledger.findPiece(2.5, 5, LAP)).toBeUndefined();
    expect(ledger.findPiece(3, 6, LAP)).toBeUndefined();
  });

  test("asks nothing of the finals of the same lap: they overlap as they like", () => {
    const ledger = ledgerOf([1, 3]);
    expect([ledger.covers(2.5, 2.9, "told"), ledger.covers(2.5, 2.5, "told")]).toEqual([
      false,
      false,
    ]);
    expect(ledger.findPiece(0, 4, "told")).toBeUndefined();
    expect(ledger.end).toBe(3);
  });

  test.each([0.2, 1, 2, 3, 100, 1000.4])(
    "takes the tenth of a second that a word takes for no word, at %p s as well",
    (start) => {
      // In floating point some of these are more than a tenth of a second apart, and some are less.
      const ledger = ledgerOf([start, start + 1]);
      expect(ledger.findPiece(start, start + 1.1, LAP)).toBeUndefined();
      expect(ledger.findPiece(start - 0.1, start + 1.001, LAP)?.key).toBe("s:0");
    },
  );

  test("covers nothing that was taken out again", () => {
    const ledger = ledgerOf([1, 3]);
    const piece = ledger.findPiece(0, 3, LAP)!;
    ledger.remove(piece);
    ledger.remove(piece);
    expect(ledger.covers(1, 3, LAP)).toBe(false);
    expect(ledger.end).toBe(0);
  });
});
