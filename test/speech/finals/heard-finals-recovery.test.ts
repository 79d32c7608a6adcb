import { describe, expect, test } from "bun:test";
import type { Recovery } from "../../../src/relay/recovery/recovered-finals.ts";
import { fakeTime } from "../../support/probes/fake-time.ts";
import { setupFinals, spokenFinal } from "../../support/stages/finals-stage.ts";

const { signal: forEver } = new AbortController();

const found = (...finals: Parameters<typeof spokenFinal>[]): Recovery => ({
  kind: "found",
  finals: finals.map((one) => spokenFinal(...one)),
  translations: [],
});

describe("[R15] finals that were missed", () => {
  test("are fetched, counted, and passed on in the order in which the provider tells them", async () => {
    const { finals, hear, told, tallies, recoveries, listened, a } = setupFinals();
    hear(a.final("x", 5, 6));
    finals.setAside(a);
    recoveries["a"] = found(["y", 1, 2], ["z", 3, 4]);
    await finals.recover(forEver);
    expect(told()).toEqual(["a:x 5–6 final", "a:y 1–2 final", "a:z 3–4 final"]);
    expect(tallies).toMatchObject({ finals_recovered: 2, finals_repeated: 0 });
    expect(listened.unheard).toEqual([]);
  });

  test("are those alone that its session has not told, and that no other session has", async () => {
    const { finals, hear, told, tallies, recoveries, a, b } = setupFinals();
    const heard = a.final("x", 1, 2);
    a.utterances.note(heard);
    hear(heard);
    hear(b.final("y", 3, 4));
    finals.setAside(a);
    recoveries["a"] = found(["x", 1, 2], ["z", 3, 4]);
    await finals.recover(forEver);
    expect(told()).toEqual(["a:x 1–2 final", "b:y 3–4 final"]);
    // What one session tells twice is no repetition of what another one has told.
    expect(tallies).toMatchObject({ finals_recovered: 0, finals_repeated: 1 });
  });

  test("[R4] take the place of one that was heard, the last of each utterance alone", async () => {
    const { finals, hear, listened, told, tallies, recoveries, a } = setupFinals();
    const heard = a.final("x", 1, 2);
    a.utterances.note(heard);
    hear(heard);
    finals.setAside(a);
    const corrected = [spokenFinal("x", 1, 2.5), spokenFinal("y", 3, 4.5)].map((one) => ({
      ...one,
      text: "corrected",
    }));
    recoveries["a"] = {
      kind: "found",
      finals: [spokenFinal("x", 1, 2), spokenFinal("y", 3, 4), ...corrected],
      translations: [],
    };
    await finals.recover(forEver);
    expect(told()).toEqual(["a:x 1–2 final", "a:x 1–2.5 final", "a:y 3–4.5 final"]);
    expect(listened.utterances.slice(1).map(({ text }) => text)).toEqual([
      "corrected",
      "corrected",
    ]);
    expect(tallies).toMatchObject({ finals_recovered: 2, finals_repeated: 0 });
  });

  test("are the whole ones of the later session, not what the earlier one was cut off in", async () => {
    const { finals, told, tallies, asked, recoveries, a, b } = setupFinals();
    recoveries["a"] = found(["cut", 1, 2]);
    recoveries["b"] = found(["whole", 1, 3]);
    finals.setAside(a);
    finals.setAside(b);
    await finals.recover(forEver);
    expect(asked).toEqual(["b", "a"]);
    expect(told()).toEqual(["b:whole 1–3 final"]);
    expect(tallies).toMatchObject({ finals_recovered: 1, finals_repeated: 1 });
  });

  test("are left out where they end before they begin: each of their parts has a final of its own", async () => {
    const { finals, told, tallies, recoveries, a } = setupFinals();
    // It holds the three seconds before its fifth one twice.
    a.leap = { atSeconds: 5, backSeconds: 3 };
    finals.setAside(a);
    recoveries["a"] = found(["torn", 4.5, 5.5], ["part", 4.5, 4.9], ["other part", 5, 5.5]);
    await finals.recover(forEver);
    expect(told()).toEqual(["a:part 4.5–4.9 final", "a:other part 2–2.5 final"]);
    expect(tallies).toMatchObject({ finals_recovered: 2, finals_repeated: 0 });
  });

  test("bring their translations, but for those that came", async () => {
    const { finals, hear, listened, recoveries, a } = setupFinals();
    const heard = a.final("x", 1, 2);
    a.utterances.note(heard);
    a.utterances.noteTranslation("a:x", "fr");
    hear(heard);
    finals.setAside(a);
    const spoken = (localId: string, language: string) => ({
      localId,
      language,
      text: `${localId} in ${language}`,
      startSeconds: 1,
      endSeconds: 2,
    });
    recoveries["a"] = {
      kind: "found",
      finals: [spokenFinal("x", 1, 2), spokenFinal("y", 3, 4)],
      translations: [spoken("x", "fr"), spoken("x", "de"), spoken("y", "fr"), spoken("z", "fr")],
    };
    await finals.recover(forEver);
    expect(listened.translations.map(({ utteranceKey, text }) => [utteranceKey, text])).toEqual([
      ["a:x", "x in de"],
      ["a:y", "y in fr"],
    ]);
  });

  test("that cannot be fetched are told, and the other sessions are asked all the same", async () => {
    const { finals, told, asked, listened, recoveries, a, b } = setupFinals();
    recoveries["a"] = found(["x", 1, 2]);
    recoveries["b"] = { kind: "unavailable", reason: "not-kept" };
    finals.setAside(a);
    finals.setAside(b);
    await finals.recover(forEver);
    expect(asked).toEqual(["b", "a"]);
    expect(listened.unheard).toEqual(["b"]);
    expect(told()).toEqual(["a:x 1–2 final"]);
  });

  test("are waited for while their session is not done", async () => {
    using time = fakeTime();
    const answers: Recovery[] = [{ kind: "unavailable", reason: "unfinished" }, found(["x", 1, 2])];
    const { finals, told, asked, a } = setupFinals({
      ask: () => Promise.resolve(answers.shift()!),
    });
    finals.setAside(a);
    const recovering = finals.recover(forEver);
    await time.advance(2000);
    await recovering;
    expect(asked).toEqual(["a", "a"]);
    expect(told()).toEqual(["a:x 1–2 final"]);
  });
});

describe("when all is over", () => {
  test("what was shown and never became final is taken back, after what was fetched", async () => {
    const { finals, hear, told, recoveries, a, b } = setupFinals();
    finals.setAside(a);
    hear(b.partial("open", 7, 8));
    hear(b.partial("told", 1, 2));
    recoveries["a"] = found(["x", 1, 2]);
    await finals.recover(forEver);
    expect(told().slice(2)).toEqual(["a:x 1–2 final", "b:told 1–2 empty", "b:open 7–8 empty"]);
  });

  test("it is so too where nothing was missed", async () => {
    const { finals, hear, told, asked, a } = setupFinals();
    hear(a.partial("open", 7, 8));
    await finals.recover(forEver);
    expect(told()).toEqual(["a:open 7–8 partial", "a:open 7–8 empty"]);
    expect(asked).toEqual([]);
  });
});

test("nothing is passed on after a stop, and nobody is asked any more", async () => {
  const answer = Promise.withResolvers<Recovery>();
  const { finals, hear, told, asked, listened, tallies, a, b } = setupFinals({
    ask: () => answer.promise,
  });
  hear(a.partial("open", 7, 8));
  finals.setAside(a);
  finals.setAside(b);
  const recovering = finals.recover(forEver);
  finals.stop();
  answer.resolve(found(["x", 1, 2]));
  await recovering;
  expect(asked).toEqual(["b"]);
  expect(told()).toEqual(["a:open 7–8 partial"]);
  expect(listened.unheard).toEqual([]);
  expect(tallies.finals_recovered).toBe(0);
});

test("whoever asks for the finals is told when nobody waits for them any more", async () => {
  const aborting = new AbortController();
  const { finals, listened, a } = setupFinals({
    ask: async (_, signal) => {
      aborting.abort();
      expect(signal.aborted).toBe(true);
      return { kind: "unavailable", reason: "aborted" };
    },
  });
  finals.setAside(a);
  await finals.recover(aborting.signal);
  // The limit of the recovery is over, not the stream: its owner keeps the session on record.
  expect(listened.unheard).toEqual(["a"]);
});
