import { describe, expect, test } from "bun:test";
import { setupFinals } from "../../support/stages/finals-stage.ts";

describe("[R11] each stretch of the source", () => {
  test("gets one final, whichever sessions report it, and under whatever ids", () => {
    const { finals, told, tallies, a, b } = setupFinals();
    finals.hear(a.final("x", 1, 2));
    finals.hear(b.final("y", 1.05, 2.05));
    finals.hear(b.final("z", 2.2, 3));
    expect(told()).toEqual(["a:x 1–2 final", "b:z 2.2–3 final"]);
    expect(tallies.finals_repeated).toBe(1);
    expect(finals.end).toBe(3);
  });

  test("shows no partial of what is final already", () => {
    const { finals, told, tallies, a, b } = setupFinals();
    finals.hear(a.final("x", 1, 2));
    finals.hear(b.partial("y", 1, 2.1));
    finals.hear(b.partial("z", 2, 3));
    expect(told()).toEqual(["a:x 1–2 final", "b:z 2–3 partial"]);
    expect(tallies.finals_repeated).toBe(0);
  });

  test("takes back what was shown of it when its final comes under another key", () => {
    const { finals, told, a, b } = setupFinals();
    finals.hear(a.partial("x", 1, 2));
    finals.hear(a.partial("later", 4, 5));
    finals.hear(b.final("y", 1, 2));
    expect(told()).toEqual([
      "a:x 1–2 partial",
      "a:later 4–5 partial",
      "b:y 1–2 final",
      "a:x 1–2 empty",
    ]);
  });
});

describe("[R4] a piece of an utterance that came as a final", () => {
  test("is replaced by the whole, under the piece's key", () => {
    const { finals, told, a, b } = setupFinals();
    finals.hear(b.final("rest", 2, 3));
    finals.hear(a.final("whole", 1, 3));
    finals.hear(b.final("again", 1, 3));
    expect(told()).toEqual(["b:rest 2–3 final", "b:rest 1–3 final"]);
  });

  test("keeps its key, and so does the translation of the whole", () => {
    const { finals, listened, a, b } = setupFinals();
    finals.hear(b.final("rest", 2, 3));
    finals.hear(a.final("whole", 1, 3));
    finals.hearTranslation(a.translated("whole", 1, 3));
    expect(listened.translations).toMatchObject([
      { utteranceKey: "b:rest", text: "a:whole in fr" },
    ]);
  });

  test("stays known when the whole is known for the most part too", () => {
    const { finals, told, tallies, a, b } = setupFinals();
    finals.hear(a.final("one", 0, 0.6));
    finals.hear(a.final("two", 0.6, 1.6));
    // Without the piece "one", the other still covers more than half of it.
    finals.hear(b.final("both", 0, 1.8));
    finals.hear(b.final("one again", 0, 0.6));
    expect(told()).toEqual(["a:one 0–0.6 final", "a:two 0.6–1.6 final"]);
    expect(tallies.finals_repeated).toBe(2);
  });
});

describe("[R4] a second final of one utterance", () => {
  test("takes the place of the first one", () => {
    const { finals, told, tallies, a, b } = setupFinals();
    finals.hear(a.final("x", 1, 2));
    finals.hear(a.final("x", 1, 2.6));
    finals.hear(b.final("again", 1, 2.6));
    finals.hear(a.final("y", 2.7, 3));
    expect(told()).toEqual(["a:x 1–2 final", "a:x 1–2.6 final", "a:y 2.7–3 final"]);
    expect(tallies.finals_repeated).toBe(1);
  });

  test("of a whole keeps the piece's key, and that of the piece does not undo the whole", () => {
    const { finals, told, tallies, a, b } = setupFinals();
    finals.hear(b.final("rest", 2, 3));
    finals.hear(a.final("whole", 1, 3));
    finals.hear(b.final("rest", 2, 3.05));
    finals.hear(a.final("whole", 1, 3.1));
    expect(told()).toEqual(["b:rest 2–3 final", "b:rest 1–3 final", "b:rest 1–3.1 final"]);
    expect(tallies.finals_repeated).toBe(1);
  });
});

describe("an empty final", () => {
  test("takes back partials, where there were any, and covers nothing", () => {
    const { finals, told, a, b } = setupFinals();
    finals.hear({ ...a.final("silent", 0, 1), text: "" });
    finals.hear(a.partial("x", 1, 2));
    finals.hear({ ...a.final("x", 1, 2), text: "" });
    finals.hear({ ...a.final("x", 1, 2), text: "" });
    finals.hear(b.final("y", 1, 2));
    expect(told()).toEqual(["a:x 1–2 partial", "a:x 1–2 empty", "b:y 1–2 final"]);
  });
});

describe("a translation", () => {
  test("is passed on for a final that was passed on, and for no other", () => {
    const { finals, listened, a, b } = setupFinals();
    finals.hearTranslation(a.translated("x", 1, 2));
    finals.hear(a.partial("x", 1, 2));
    finals.hearTranslation(a.translated("x", 1, 2));
    finals.hear(a.final("x", 1, 2));
    finals.hear(b.final("again", 1, 2));
    finals.hearTranslation(b.translated("again", 1, 2));
    expect(listened.translations).toEqual([]);
    finals.hearTranslation(a.translated("x", 1, 2));
    expect(listened.translations).toMatchObject([{ utteranceKey: "a:x" }]);
  });
});

test("[R24] a final is noted before it is passed on: whoever is told finds it", () => {
  const ends: number[] = [];
  const { finals, a } = setupFinals({ onUtterance: ({ end }) => ends.push(end) });
  finals.hear(a.final("x", 1, 2));
  expect(ends).toEqual([2]);
});

describe("a provider session that is over", () => {
  test("leaves no partial behind", () => {
    const { finals, told, a, b } = setupFinals();
    finals.hear(a.speak("x", 1, 2));
    finals.hear(b.speak("y", 3, 4));
    finals.setAside(a);
    expect(told()).toEqual(["a:x 1–2 partial", "b:y 3–4 partial", "a:x 1–2 empty"]);
  });

  test("[R15] is asked for its finals when it may have missed some, and only then", async () => {
    const { finals, asked, a, b } = setupFinals();
    a.hasMissed = false;
    finals.setAside(a);
    finals.setAside(b);
    await finals.recover(new AbortController().signal);
    expect(asked).toEqual(["b"]);
  });
});
