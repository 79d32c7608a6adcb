import { expect, test } from "bun:test";
import { readVocabularyEntry } from "../../../src/relay/recognition/vocabulary-entry.ts";

test("reads a text, and an entry with all it may have", () => {
  expect(readVocabularyEntry("Stenogate")).toEqual({ value: "Stenogate" });
  expect(readVocabularyEntry("木".repeat(100))).toEqual({ value: "木".repeat(100) });
  const entry = {
    value: "Żabka",
    intensity: 0.4,
    pronunciations: ["zhabka", "shapka"],
    language: "pl",
  } as const;
  expect(readVocabularyEntry(entry)).toStrictEqual(entry);
  for (const intensity of [0, 1]) {
    expect(readVocabularyEntry({ value: "x", intensity })).toEqual({ value: "x", intensity });
  }
});

const value = "Stenogate";

const UNFIT: readonly unknown[] = [
  undefined,
  null,
  7,
  "",
  " ",
  "x".repeat(101),
  "a\nb",
  "a\uD800",
  [value],
  {},
  { value: 7 },
  { value, intensity: "0.5" },
  { value, intensity: 1.01 },
  { value, intensity: Number.NaN },
  { value, pronunciations: "steno gate" },
  { value, pronunciations: [""] },
  { value, pronunciations: Array.from({ length: 11 }, () => "x") },
  { value, language: "xx" },
  { value, language: null },
  { value, colour: "red" },
];

test("reads nothing else", () => {
  expect(UNFIT.filter((given) => readVocabularyEntry(given) !== undefined)).toEqual([]);
});
