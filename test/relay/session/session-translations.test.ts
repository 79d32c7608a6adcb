import { expect, test } from "bun:test";
import { audioFrame, speaker } from "../../support/stages/relay-stage.ts";
import { startedSession } from "../../support/stages/started-session.ts";

test("[R1] shows a translation when it is kept, after the final that it translates", () => {
  const { stream, stage } = startedSession();
  stream.becomeReady();
  stage.holdFinals();
  stream.say({});
  stream.translate({});
  expect(stage.kinds).toEqual(["ready"]);
  stage.keepHeldFinals();
  expect(stage.kinds).toEqual(["ready", "kept", "shown", "kept", "translated"]);
  const kept = stage.eventsOf("kept")[1]!;
  expect(kept.speaker).toBe(speaker);
  expect(kept.transcript).toBe(stage.eventsOf("translated")[0]!.translation);
});

test("[R4] gives a translation a key of its own, by what it translates and into which language", () => {
  const { stream, stage } = startedSession();
  stream.becomeReady();
  stream.translate({ utteranceKey: "provider-1:7", language: "fr" });
  stream.translate({ utteranceKey: "provider-1:7", language: "de", text: "guten Tag" });
  expect(stage.eventsOf("kept").map(({ transcript }) => transcript)).toMatchObject([
    {
      utteranceKey: "provider-1:7:fr",
      translationOf: "provider-1:7",
      text: "bonjour",
      isFinal: true,
      language: "fr",
      confidence: undefined,
    },
    { utteranceKey: "provider-1:7:de", translationOf: "provider-1:7", text: "guten Tag" },
  ]);
});

test("[R14] gives a translation the time of what it translates", () => {
  const { session, stream, stage } = startedSession();
  stream.becomeReady();
  session.acceptAudio(audioFrame(800));
  stream.say({ startSeconds: 0.2, endSeconds: 0.7 });
  stream.translate({ startSeconds: 0.2, endSeconds: 0.7 });
  const [original, translation] = stage.eventsOf("kept").map(({ transcript }) => transcript);
  expect(original!.translationOf).toBeUndefined();
  expect(translation!.startedAt).toEqual(original!.startedAt);
  expect(translation!.endedAt).toEqual(original!.endedAt);
});

test("[R15] ends after the last translation was kept and shown, and ignores later ones", () => {
  const { session, stream, stage, causes } = startedSession();
  stream.becomeReady();
  session.requestStop("client-stop");
  stage.holdFinals();
  stream.translate({});
  stream.end();
  expect(causes).toEqual([]);
  stage.keepHeldFinals();
  stream.translate({ language: "de" });
  expect(stage.kinds).toEqual(["ready", "kept", "translated", "end"]);
  expect(causes).toEqual(["client-stop"]);
});

test("counts a translation as no further final", () => {
  const { stream, tallies } = startedSession();
  stream.becomeReady();
  stream.say({});
  stream.translate({});
  expect(tallies.finals_received).toBe(1);
});
