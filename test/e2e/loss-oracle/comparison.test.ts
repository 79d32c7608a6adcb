/** The oracle's eyes: whatever may happen to a final is seen, and named by its key. */
import { expect, test } from "bun:test";
import { compareFinals, type PlacedFinal, type Verdict } from "./comparison.ts";

const SHOWN: readonly PlacedFinal[] = [
  final("one:0", "ada", "Good morning."),
  final("one:1", "ada", "Nothing is blocking me."),
  final("two:0", "ben", "Good morning."),
  { ...final("two:1", "ben", "Zero \u0000 byte."), place: "dead-letters" },
];

const CLEAN: Verdict = {
  missing: [],
  duplicated: [],
  altered: [],
  misattributed: [],
  unseenCount: 0,
};

test("finals that are kept as they were shown are in order, in whatever order", () => {
  expect(compareFinals(SHOWN, SHOWN.toReversed())).toEqual(CLEAN);
});

test("a final that was removed is missing", () => {
  expect(compareFinals(SHOWN, SHOWN.toSpliced(1, 1))).toEqual({ ...CLEAN, missing: ["one:1"] });
});

test("a final that is in the other place only is missing", () => {
  const kept = change("two:1", { place: "database" });
  expect(compareFinals(SHOWN, kept)).toEqual({ ...CLEAN, missing: ["two:1"] });
});

test("a final with other words is altered", () => {
  const kept = change("one:0", { text: "Good morning" });
  expect(compareFinals(SHOWN, kept)).toEqual({ ...CLEAN, altered: ["one:0"] });
});

test("a final that was shown again with other words is kept with the last ones", () => {
  const shown = [...SHOWN, final("one:0", "ada", "Good evening.")];
  const kept = change("one:0", { text: "Good evening." });
  expect(compareFinals(shown, kept)).toEqual(CLEAN);
  expect(compareFinals(shown, SHOWN)).toEqual({ ...CLEAN, altered: ["one:0"] });
});

test("a final of another participant, or of another call, is misattributed", () => {
  const verdict = { ...CLEAN, misattributed: ["two:0"] };
  expect(compareFinals(SHOWN, change("two:0", { identity: "ada" }))).toEqual(verdict);
  expect(compareFinals(SHOWN, change("two:0", { sessionSlug: "other" }))).toEqual(verdict);
});

test("[R20] a final that two clients were shown is misattributed", () => {
  const shown = [...SHOWN, final("one:0", "ben", "Good morning.")];
  expect(compareFinals(shown, SHOWN)).toEqual({ ...CLEAN, misattributed: ["one:0"] });
});

test("a final that is kept twice is duplicated, in one place or in two", () => {
  const verdict = { ...CLEAN, duplicated: ["one:0"] };
  const again = final("one:0", "ada", "Good morning.");
  expect(compareFinals(SHOWN, [...SHOWN, again])).toEqual(verdict);
  const elsewhere: PlacedFinal = { ...again, place: "dead-letters" };
  expect(compareFinals(SHOWN, [...SHOWN, elsewhere])).toEqual(verdict);
});

test("a final that nobody was shown is counted and not judged", () => {
  const kept = [...SHOWN, final("three:0", "cleo", "Is anybody there?")];
  expect(compareFinals(SHOWN, kept)).toEqual({ ...CLEAN, unseenCount: 1 });
});

function final(utteranceKey: string, identity: string, text: string): PlacedFinal {
  return { sessionSlug: "standup", identity, utteranceKey, text, place: "database" };
}

function change(utteranceKey: string, changes: Partial<PlacedFinal>): readonly PlacedFinal[] {
  return SHOWN.map((kept) => (kept.utteranceKey === utteranceKey ? { ...kept, ...changes } : kept));
}
