import { expect, test } from "bun:test";
import { parseGladiaMessage } from "../../../src/speech/gladia/gladia-messages.ts";

const SESSION = {
  session_id: "4a39145c-2844-4557-8f34-34883f7be7d9",
  created_at: "2026-11-23T12:00:00.000Z",
};
const UTTERANCE = {
  start: 1.2,
  end: 2.75,
  confidence: 0.93,
  channel: 0,
  words: [{ word: " Good", start: 1.2, end: 1.6, confidence: 0.93 }],
  text: " Good morning ",
  language: "en",
};

const parse = (message: object) => parseGladiaMessage(JSON.stringify({ ...SESSION, ...message }));
const transcript = (data: object) => parse({ type: "transcript", data });

test.each([true, false])(
  "reads a transcript whose is_final is %p, and trims its text",
  (isFinal) => {
    expect(transcript({ id: "00_00000002", is_final: isFinal, utterance: UTTERANCE })).toEqual({
      ok: true,
      value: {
        kind: "utterance",
        localId: "00_00000002",
        isFinal,
        text: "Good morning",
        startSeconds: 1.2,
        endSeconds: 2.75,
        language: "en",
        confidence: 0.93,
      },
    });
  },
);

test("reads a transcript that leaves out what the documentation's own samples leave out", () => {
  const { start, end, text } = UTTERANCE;
  expect(transcript({ id: "00-00000011", utterance: { start, end, text } })).toMatchObject({
    ok: true,
    value: {
      localId: "00-00000011",
      isFinal: false,
      language: undefined,
      confidence: undefined,
    },
  });
});

const NOT_ACTED_ON: readonly object[] = [
  { type: "start_session" },
  { type: "start_recording" },
  { type: "speech_start", data: { time: 1.2, channel: 0 } },
  { type: "speech_end", data: { time: 2.75, channel: 0 } },
  { type: "named_entity_recognition", error: null, data: { utterance_id: "00_0", results: [] } },
  { type: "sentiment_analysis", error: null, data: { utterance_id: "00_0", results: [] } },
  {
    type: "stop_recording",
    acknowledged: true,
    error: null,
    data: { recording_duration: 3, recording_left_to_process: 0 },
  },
  { type: "end_recording", data: { recording_duration: 3 } },
  {
    type: "post_transcript",
    data: { full_transcript: "Good morning", languages: ["en"], utterances: [] },
  },
  { type: "post_summarization", error: null, data: { results: "They met." } },
  { type: "post_chapterization" },
  { type: "post_final_transcript", data: { metadata: { audio_duration: 3 } } },
  { type: "end_session" },
  { type: "something_new", data: [1] },
  {},
];

const acknowledgementOf = (data: unknown) =>
  parse({ type: "audio_chunk", acknowledged: true, error: null, data });

test("[R11] reads which bytes have arrived", () => {
  expect(acknowledgementOf({ byte_range: [3200, 6400], time_range: [0.1, 0.2] })).toEqual({
    ok: true,
    value: { kind: "acknowledgement", from: 3200, to: 6400 },
  });
  expect(acknowledgementOf({ byte_range: [0, 0] })).toMatchObject({ ok: true });
});

test.each([
  [null],
  [{}],
  [{ byte_range: null }],
  [{ byte_range: "0-4096" }],
  [{ byte_range: [] }],
  [{ byte_range: [0] }],
  [{ byte_range: [0, "4096"] }],
  [{ byte_range: [0, 1.5] }],
  [{ byte_range: [-2, 4096] }],
  [{ byte_range: [4096, 0] }],
  [{ byte_range: [0, 2 ** 60] }],
])("[R11] takes %j for no acknowledgement", (data) => {
  expect(acknowledgementOf(data)).toEqual({
    ok: false,
    problem: expect.stringContaining("data.byte_range"),
  });
});

test("passes over every other message, known or new", () => {
  for (const message of NOT_ACTED_ON) {
    expect(parse(message)).toEqual({ ok: true, value: { kind: "other" } });
  }
});

test.each([
  ["of the REST schema", { error: { message: "no more audio" } }],
  ["of the socket schema", { error: { status_code: 409, exception: "no more audio" } }],
  ["seen by others", { data: { message: "no more audio" } }],
])("reads a refusal in the form %s", (_, details) => {
  expect(parse({ type: "stop_recording", acknowledged: false, ...details })).toEqual({
    ok: true,
    value: { kind: "refusal", of: "stop_recording", reason: "no more audio" },
  });
});

test("reads a message of type error as a refusal, with a reason that is cut or absent", () => {
  expect(parse({ type: "error", error: { message: "x".repeat(1000) } })).toMatchObject({
    value: { kind: "refusal", of: "error", reason: "x".repeat(300) },
  });
  for (const error of [null, "text", 7, ["x"], { message: 7 }]) {
    expect(parse({ type: "error", error })).toMatchObject({
      value: { kind: "refusal", reason: "no reason given" },
    });
  }
});

const TRANSLATION = {
  utterance_id: "00_00000002",
  utterance: UTTERANCE,
  original_language: "en",
  target_language: "fr",
  translated_utterance: { ...UTTERANCE, text: " Bonjour ", language: "fr", start: 9, end: 9 },
};

test("reads a translation with the time of what it translates, and trims its text", () => {
  const value = {
    kind: "translation",
    localId: "00_00000002",
    text: "Bonjour",
    language: "fr",
    startSeconds: 1.2,
    endSeconds: 2.75,
  } as const;
  expect(parse({ type: "translation", error: null, data: TRANSLATION })).toEqual({
    ok: true,
    value,
  });
  const { original_language: _, ...unnamed } = TRANSLATION;
  expect(parse({ type: "translation", data: unnamed })).toMatchObject({ value });
});

test("reads a translation that failed as a refusal", () => {
  const error = { status_code: 500, exception: "no model" };
  expect(parse({ type: "translation", error, data: null })).toEqual({
    ok: true,
    value: { kind: "refusal", of: "translation", reason: "no model" },
  });
});

test("refuses a translation that cannot be placed, and does not quote it", () => {
  const translated_utterance = { ...UTTERANCE, text: "a secret plan" };
  const good = { ...TRANSLATION, translated_utterance };
  const broken: unknown[] = [
    null,
    [],
    { ...good, utterance_id: "" },
    { ...good, target_language: undefined },
    { ...good, target_language: "" },
    { ...good, utterance: undefined },
    { ...good, utterance: { ...UTTERANCE, start: 3 } },
    { ...good, utterance: { ...UTTERANCE, end: null } },
    { ...good, translated_utterance: "a secret plan" },
    { ...good, translated_utterance: { text: { secret: "plan" } } },
  ];
  for (const data of broken) {
    const parsed = parse({ type: "translation", error: null, data });
    expect(parsed).toMatchObject({ ok: false, problem: expect.stringMatching(/^expected data\./) });
    expect(JSON.stringify(parsed)).not.toContain("plan");
  }
});

test("refuses what is no JSON object", () => {
  for (const frame of ["", "a secret plan", "null", "7", '"a secret plan"', '["a secret plan"]']) {
    const parsed = parseGladiaMessage(frame);
    expect(parsed.ok).toBe(false);
    expect(JSON.stringify(parsed)).not.toContain("secret plan");
  }
});

/** Both are dates that nobody can make. */
const NO_DATE = { start: 1e13, end: 1e300 };

test.each([true, false])(
  "[R14] bounds times of which no date could be made, in a transcript whose is_final is %p",
  (isFinal) => {
    const utterance = { ...UTTERANCE, ...NO_DATE };
    expect(transcript({ id: "00_0", is_final: isFinal, utterance })).toMatchObject({
      value: { isFinal, startSeconds: 86_400, endSeconds: 86_400 },
    });
  },
);

test("[R14] bounds such times in a translation too", () => {
  const data = { ...TRANSLATION, utterance: { ...UTTERANCE, ...NO_DATE } };
  expect(parse({ type: "translation", data })).toMatchObject({
    value: { startSeconds: 86_400, endSeconds: 86_400 },
  });
});

test("takes a confidence that is no share for none", () => {
  for (const confidence of [-0.1, 1.1, 93, 1e300]) {
    const data = { id: "00_0", is_final: true, utterance: { ...UTTERANCE, confidence } };
    expect(transcript(data)).toMatchObject({ ok: true, value: { confidence: undefined } });
  }
});

test("refuses a transcript that cannot be placed, and does not quote it", () => {
  const good = { id: "00_0", is_final: true, utterance: UTTERANCE };
  const broken: unknown[] = [
    null,
    "a secret plan",
    [],
    { ...good, id: "" },
    { ...good, id: 7 },
    { ...good, utterance: null },
    { ...good, utterance: [UTTERANCE] },
    ...[
      { text: undefined },
      { text: { secret: "plan" } },
      { start: undefined },
      { start: "1.2" },
      { start: -1 },
      { start: 3 },
      { end: null },
    ].map((change) => ({ ...good, utterance: { ...UTTERANCE, text: "a secret plan", ...change } })),
  ];
  for (const data of broken) {
    const parsed = parse({ type: "transcript", data });
    expect(parsed).toMatchObject({ ok: false, problem: expect.stringMatching(/^expected data\./) });
    expect(JSON.stringify(parsed)).not.toContain("plan");
  }
  expect(
    parseGladiaMessage(
      '{"type":"transcript","data":{"id":"0","utterance":{"text":"","start":0,"end":1e999}}}',
    ).ok,
  ).toBe(false);
});
