import { expect, test } from "bun:test";
import { parseStreamRequest } from "../../../src/gateway/door/stream-request.ts";
import type { RecognitionChoices } from "../../../src/relay/recognition/recognition-choices.ts";

const parse = (query: string, decided: RecognitionChoices = {}) =>
  parseStreamRequest(new URLSearchParams(query), decided);

test("asks for 16 kHz PCM in any language, as captions, when the query says nothing", () => {
  expect(parse("token=x&colour=red")).toEqual({
    ok: true,
    value: {
      audio: { encoding: "wav/pcm", sampleRate: 16_000, bitDepth: 16 },
      languages: [],
      codeSwitching: false,
      endpointingSeconds: 0.3,
      utteranceSecondsMax: 5,
      vocabulary: [],
      vocabularyIntensity: undefined,
      translation: undefined,
    },
  });
});

test.each(["8000", "16000", "32000", "44100", "48000"])("takes a sample rate of %s", (rate) => {
  expect(parse(`sample_rate=${rate}`)).toMatchObject({ value: { audio: { sampleRate: +rate } } });
});

test.each([
  ["wav/pcm", 16],
  ["wav/alaw", 8],
  ["wav/ulaw", 8],
])("takes %s with %i bits a sample", (encoding, bitDepth) => {
  expect(parse(`encoding=${encoding}`)).toMatchObject({ value: { audio: { encoding, bitDepth } } });
});

test("takes everything that may be chosen about recognition", () => {
  const query =
    "preset=meeting&language=en&language=haw&code_switching=false&endpointing=0.05" +
    "&vocabulary=Stenogate&vocabulary=caf%C3%A9+cr%C3%A8me&vocabulary_intensity=0.5" +
    "&translate=fr&translate=wo";
  expect(parse(query)).toMatchObject({
    value: {
      languages: ["en", "haw"],
      codeSwitching: false,
      endpointingSeconds: 0.05,
      utteranceSecondsMax: 15,
      vocabulary: [{ value: "Stenogate" }, { value: "café crème" }],
      vocabularyIntensity: 0.5,
      translation: { targetLanguages: ["fr", "wo"] },
    },
  });
  expect(parse("max_utterance=60&code_switching=true")).toMatchObject({
    value: { utteranceSecondsMax: 60, codeSwitching: true },
  });
});

test("what the token decides wins over the query, which still has to be right", () => {
  const decided = { endpointingSeconds: 0.4, utteranceSecondsMax: 15, translation: undefined };
  expect(parse("endpointing=2&translate=fr&language=de", decided)).toMatchObject({
    value: { ...decided, languages: ["de"] },
  });
  expect(parse("endpointing=11", decided).ok).toBe(false);
});

test.each([
  "sample_rate=",
  "sample_rate=24000",
  "sample_rate=16e3",
  "sample_rate=+16000",
  "encoding=",
  "encoding=toString",
  "encoding=WAV/PCM",
  "preset=",
  "preset=toString",
  "language=",
  "language=EN",
  "language=en-GB",
  "language=xx",
  "language=%0Aen",
  "language=a&language=b",
  "language=en&language=fr&language=de&language=es&language=it&language=pt",
  "code_switching=",
  "code_switching=1",
  "code_switching=TRUE",
  "endpointing=",
  "endpointing=0",
  "endpointing=.5",
  "endpointing=1e0",
  "endpointing=0x1",
  "endpointing=%201",
  "endpointing=Infinity",
  "max_utterance=4",
  "vocabulary=",
  `vocabulary=${"x".repeat(101)}`,
  "vocabulary=a%0Ab",
  "vocabulary_intensity=2",
  "translate=",
  "translate=xx",
])("refuses %p and says what it expected, without quoting it", (query) => {
  const parsed = parse(query);
  expect(parsed.ok).toBe(false);
  if (!parsed.ok) expect(parsed.problem).toStartWith("expected ");
  expect(JSON.stringify(parsed)).not.toContain("toString");
});
