import { describe, expect, test } from "bun:test";
import { setupFinals } from "../../support/stages/finals-stage.ts";

describe("[R11] each stretch of the source", () => {
  test("gets one final, whichever sessions report it, and under whatever ids", () => {
    const { finals, hear, told, tallies, a, b } = setupFinals();
    hear(a.final("x", 1, 2));
    hear(b.final("y", 1.05, 2.05));
    hear(b.final("z", 2.2, 3));
    expect(told()).toEqual(["a:x 1–2 final", "b:z 2.2–3 final"]);
    expect(tallies.finals_repeated).toBe(1);
    expect(finals.end).toBe(3);
  });

  test("shows no partial of what is final already", () => {
    const { hear, told, tallies, a, b } = setupFinals();
    hear(a.final("x", 1, 2));
    hear(b.partial("y", 1, 2.1));
    hear(b.partial("z", 2, 3));
    expect(told()).toEqual(["a:x 1–2 final", "b:z 2–3 partial"]);
    expect(tallies.finals_repeated).toBe(0);
  });

  test("takes back what was shown of it when its final comes under another key", () => {
    const { hear, told, a, b } = setupFinals();
    hear(a.partial("x", 1, 2));
    hear(a.partial("later", 4, 5));
    hear(b.final("y", 1, 2));
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
    const { hear, told, a, b } = setupFinals();
    hear(b.final("rest", 2, 3));
    hear(a.final("whole", 1, 3));
    hear(b.final("again", 1, 3));
    expect(told()).toEqual(["b:rest 2–3 final", "b:rest 1–3 final"]);
  });

  test("keeps its key, and so does the translation of the whole", () => {
    const { finals, hear, listened, a, b } = setupFinals();
    hear(b.final("rest", 2, 3));
    hear(a.final("whole", 1, 3));
    finals.hearTranslation(a.translated("whole", 1, 3));
    expect(listened.translations).toMatchObject([
      { utteranceKey: "b:rest", text: "a:whole in fr" },
    ]);
  });

  test("stays known when the whole is known for the most part too", () => {
    const { hear, told, tallies, a, b } = setupFinals();
    hear(a.final("one", 0, 0.6));
    hear(a.final("two", 0.6, 1.6));
    // Without the piece "one", the other still covers more than half of it.
    hear(b.final("both", 0, 1.8));
    hear(b.final("one again", 0, 0.6));
    expect(told()).toEqual(["a:one 0–0.6 final", "a:two 0.6–1.6 final"]);
    expect(tallies.finals_repeated).toBe(2);
  });
});

describe("[R4] a second final of one utterance", () => {
  test("takes the place of the first one", () => {
    const { hear, told, tallies, a, b } = setupFinals();
    hear(a.final("x", 1, 2));
    hear(a.final("x", 1, 2.6));
    hear(b.final("again", 1, 2.6));
    hear(a.final("y", 2.7, 3));
    expect(told()).toEqual(["a:x 1–2 final", "a:x 1–2.6 final", "a:y 2.7–3 final"]);
    expect(tallies.finals_repeated).toBe(1);
  });

  test("of a whole keeps the piece's key, and that of the piece does not undo the whole", () => {
    const { hear, told, tallies, a, b } = setupFinals();
    hear(b.final("rest", 2, 3));
    hear(a.final("whole", 1, 3));
    hear(b.final("rest", 2, 3.05));
    hear(a.final("whole", 1, 3.1));
    expect(told()).toEqual(["b:rest 2–3 final", "b:rest 1–3 final", "b:rest 1–3.1 final"]);
    expect(tallies.finals_superseded).toBe(1);
  });
});

describe("[R11] within one provider session", () => {
  test.each<[string, [string, number, number][]]>([
    [
      "ends inside the one before",
      [
        ["long", 1, 3],
        ["yes", 2.75, 3.2],
      ],
    ],
    [
      "is for the most part in the one before",
      [
        ["long", 1, 3],
        ["yes", 1.5, 3.1],
      ],
    ],
    [
      "holds the one before",
      [
        ["ok", 1, 1.3],
        ["more", 1.05, 2.6],
      ],
    ],
    [
      "holds the one before as a whole",
      [
        ["ok", 1, 1.3],
        ["more", 0.9, 2.6],
      ],
    ],
    [
      "lies where the one before does",
      [
        ["ok", 1, 1.3],
        ["no", 1, 1.3],
      ],
    ],
    [
      "has no length",
      [
        ["long", 1, 3],
        ["yes", 3, 3],
        ["no", 2, 2],
      ],
    ],
    [
      "comes late",
      [
        ["later", 4, 6],
        ["long", 1, 5],
      ],
    ],
  ])("a final that %s is one of its own: ids decide", (_, spoken) => {
    const { hear, listened, tallies, a } = setupFinals();
    for (const one of spoken) hear(a.final(...one));
    expect(listened.utterances.map(({ key }) => key)).toEqual(spoken.map(([id]) => `a:${id}`));
    expect(tallies).toMatchObject({ finals_repeated: 0, finals_superseded: 0 });
  });

  test("what comes again because of a replay is known by its place", () => {
    const { hear, told, tallies, a } = setupFinals();
    hear(a.final("x", 1, 2));
    hear(a.final("again", 1.05, 2.05), 1);
    hear(a.final("yes", 1.9, 2.4), 1);
    expect(told()).toEqual(["a:x 1–2 final", "a:yes 1.9–2.4 final"]);
    expect(tallies.finals_repeated).toBe(1);
  });

  test("a partial is not taken back by a final that overlaps it", () => {
    const { hear, told, a } = setupFinals();
    hear(a.partial("yes", 2.75, 3));
    hear(a.final("long", 1, 3));
    hear(a.partial("yes", 2.75, 3.1));
    expect(told()).toEqual(["a:yes 2.75–3 partial", "a:long 1–3 final", "a:yes 2.75–3.1 partial"]);
  });
});

describe("an empty final", () => {
  test("takes back partials, where there were any, and covers nothing", () => {
    const { hear, told, a, b } = setupFinals();
    hear({ ...a.final("silent", 0, 1), text: "" });
    hear(a.partial("x", 1, 2));
    hear({ ...a.final("x", 1, 2), text: "" });
    hear({ ...a.final("x", 1, 2), text: "" });
    hear(b.final("y", 1, 2));
    expect(told()).toEqual(["a:x 1–2 partial", "a:x 1–2 empty", "b:y 1–2 final"]);
  });
});

describe("a translation", () => {
  test("is passed on for a final that was passed on, and for no other", () => {
    const { finals, hear, listened, a, b } = setupFinals();
    finals.hearTranslation(a.translated("x", 1, 2));
    hear(a.partial("x", 1, 2));
    finals.hearTranslation(a.translated("x", 1, 2));
    hear(a.final("x", 1, 2));
    hear(b.final("again", 1, 2));
    finals.hearTranslation(b.translated("again", 1, 2));
    expect(listened.translations).toEqual([]);
    finals.hearTranslation(a.translated("x", 1, 2));
    expect(listened.translations).toMatchObject([{ utteranceKey: "a:x" }]);
  });
});

test("[R24] a final is noted before it is passed on: whoever is told finds it", () => {
  const ends: number[] = [];
  const { hear, a } = setupFinals({ onUtterance: ({ end }) => ends.push(end) });
  hear(a.final("x", 1, 2));
  expect(ends).toEqual([2]);
});

describe("a provider session that is over", () => {
  test("leaves no partial behind", () => {
    const { finals, hear, told, a, b } = setupFinals();
    hear(a.speak("x", 1, 2));
    hear(b.speak("y", 3, 4));
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
