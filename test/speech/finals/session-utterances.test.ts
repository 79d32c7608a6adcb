import { describe, expect, test } from "bun:test";
import type { Utterance } from "../../../src/relay/ports.ts";
import { isTorn, SessionUtterances } from "../../../src/speech/finals/session-utterances.ts";
import { anUtterance } from "../../support/actors/doubles/scripted-provider.ts";

type Times = readonly [startSeconds: number, endSeconds: number];

const state = (isFinal: boolean, key: string, [startSeconds, endSeconds]: Times): Utterance =>
  anUtterance({ key, isFinal, text: `what ${key} says`, startSeconds, endSeconds });
const partial = (key: string, times: Times = [0, 1]) => state(false, key, times);
const final = (key: string, times: Times = [0, 1]) => state(true, key, times);

/** After these states, in this order. */
function heard(...states: readonly Utterance[]): SessionUtterances {
  const utterances = new SessionUtterances();
  for (const one of states) utterances.note(one);
  return utterances;
}

const keysOf = ({ unfinished }: SessionUtterances) => unfinished.map(({ key }) => key);

describe("what is still being spoken", () => {
  test("stands in the order in which it began, each in its latest state", () => {
    const utterances = heard(partial("a"), partial("b", [2, 3]), partial("a", [0, 1.5]));
    expect(utterances.unfinished).toEqual([partial("a", [0, 1.5]), partial("b", [2, 3])]);
    expect(utterances.oldest).toEqual(partial("a", [0, 1.5]));
  });

  test("ends with its final, and so does all that began before it: finals come in order", () => {
    const utterances = heard(partial("a"), partial("b"), partial("c"), final("b"));
    expect(keysOf(utterances)).toEqual(["c"]);
    // That one never got a final: it may still come, late.
    expect(utterances.hasSeenFinal("a")).toBe(false);
    expect(utterances.hasSeenFinal("b")).toBe(true);
    expect(utterances.note(final("a"))).toEqual(final("a"));
  });

  test("is left alone by a final of which no partial came", () => {
    const utterances = heard(partial("a"), final("b"));
    expect(keysOf(utterances)).toEqual(["a"]);
    expect(utterances.hasSeenFinal("b")).toBe(true);
  });

  test("is nothing at first, and nothing after the last final", () => {
    expect(new SessionUtterances()).toMatchObject({ unfinished: [], oldest: undefined });
    expect(heard(partial("a"), final("a"))).toMatchObject({ unfinished: [], oldest: undefined });
  });

  test("does not change under the hands of whoever has asked for it", () => {
    const utterances = heard(partial("a"), partial("b"));
    const { unfinished } = utterances;
    utterances.note(final("b"));
    expect(unfinished).toHaveLength(2);
  });
});

describe("[R4] what is to be told of an utterance", () => {
  test("is each of its states as it came, up to its final", () => {
    const utterances = new SessionUtterances();
    for (const one of [partial("a"), partial("a", [0, 2]), final("a", [0, 2])]) {
      expect(utterances.note(one)).toBe(one);
    }
  });

  test("is nothing of a partial that comes after its final", () => {
    const utterances = heard(final("a"));
    expect(utterances.note(partial("a"))).toBeUndefined();
    expect(utterances.unfinished).toEqual([]);
  });

  test("is a second final, where it has another text or another end", () => {
    const utterances = heard(partial("a"), final("a"));
    const longer = final("a", [0, 3]);
    const corrected = { ...longer, text: "what a says, corrected" };
    for (const one of [longer, corrected]) expect(utterances.note(one)).toBe(one);
    expect(utterances.finalOf("a")).toBe(corrected);
  });

  test.each([
    ["is the same again", final("a")],
    ["has no text", { ...final("a"), text: "" }],
    ["ends before it begins", final("a", [3, 2])],
  ])("is nothing of a second final that %s", (_, second) => {
    const utterances = heard(final("a"));
    expect(utterances.note(second)).toBeUndefined();
    expect(utterances.finalOf("a")).toEqual(final("a"));
  });

  test("of a partial that ends before it begins is nothing, and nobody counts as speaking", () => {
    const utterances = new SessionUtterances();
    expect(utterances.note(partial("a", [3, 2]))).toBeUndefined();
    expect(utterances.oldest).toBeUndefined();
    utterances.note(partial("a", [3, 4]));
    utterances.note(partial("a", [3, 2]));
    expect(utterances.oldest).toEqual(partial("a", [3, 4]));
  });

  test("of a final that ends before it begins is that its partials are taken back", () => {
    const utterances = heard(partial("a", [3, 4]), partial("b", [5, 6]));
    expect(utterances.note(final("b", [5, 2]))).toEqual({
      ...final("b", [5, 2]),
      text: "",
      endSeconds: 5,
    });
    expect(utterances.unfinished).toEqual([]);
    expect(utterances.hasSeenFinal("b")).toBe(true);
  });
});

test("an utterance is torn when it ends before it begins, and not when it has no length", () => {
  const places = [
    [1, 0.9],
    [1, 1],
    [1, 2],
  ] as const;
  expect(places.map((times) => isTorn(final("a", times)))).toEqual([true, false, false]);
});

test("knows a translation by its utterance and its language", () => {
  const utterances = new SessionUtterances();
  utterances.noteTranslation("a", "fr");
  const seen = [
    ["a", "fr"],
    ["a", "de"],
    ["b", "fr"],
  ] as const;
  expect(seen.map(([key, language]) => utterances.hasSeenTranslation(key, language))).toEqual([
    true,
    false,
    false,
  ]);
  // It says nothing about the final that it translates.
  expect(utterances.hasSeenFinal("a")).toBe(false);
});
