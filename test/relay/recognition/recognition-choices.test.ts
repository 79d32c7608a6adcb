import { expect, test } from "bun:test";
import {
  CHOICE_NAMES,
  parseRecognitionChoices,
  toRecognitionOptions,
} from "../../../src/relay/recognition/recognition-choices.ts";

const audio = { encoding: "wav/pcm", sampleRate: 16_000, bitDepth: 16 } as const;

test("makes live captions in any language where nothing was chosen", () => {
  expect(parseRecognitionChoices({})).toEqual({ ok: true, value: {} });
  expect(toRecognitionOptions(audio, {})).toEqual({
    audio,
    languages: [],
    codeSwitching: false,
    endpointingSeconds: 0.3,
    utteranceSecondsMax: 5,
    vocabulary: [],
    vocabularyIntensity: undefined,
    translation: undefined,
  });
});

test("[R17] reads everything that may be chosen", () => {
  const choices = {
    language: ["en", "haw"],
    code_switching: false,
    endpointing: 0.01,
    max_utterance: 60,
    vocabulary: ["Stenogate", { value: "Gladia", intensity: 0.6 }],
    vocabulary_intensity: 0.4,
    translate: ["fr", "wo"],
  };
  expect(Object.keys(choices)).toEqual(CHOICE_NAMES.filter((name) => name !== "preset"));
  expect(parseRecognitionChoices(choices)).toEqual({
    ok: true,
    value: {
      languages: ["en", "haw"],
      codeSwitching: false,
      endpointingSeconds: 0.01,
      utteranceSecondsMax: 60,
      vocabulary: [{ value: "Stenogate" }, { value: "Gladia", intensity: 0.6 }],
      vocabularyIntensity: 0.4,
      translation: { targetLanguages: ["fr", "wo"] },
    },
  });
});

test.each([
  ["meeting", 0.4, 15],
  ["captions", 0.3, 5],
  ["call-centre", 0.3, 15],
])("the preset %s closes after %d s of silence or %d s", (preset, endpointing, utterance) => {
  const value = { endpointingSeconds: endpointing, utteranceSecondsMax: utterance };
  expect(parseRecognitionChoices({ preset })).toEqual({ ok: true, value });
  const beside = parseRecognitionChoices({ max_utterance: 30, preset });
  expect(beside).toEqual({ ok: true, value: { ...value, utteranceSecondsMax: 30 } });
});

test("several languages switch within the stream, unless it is chosen otherwise", () => {
  const languages = ["en", "fr"] as const;
  const switching = (choices: object) => toRecognitionOptions(audio, choices).codeSwitching;
  expect(switching({ languages })).toBe(true);
  expect(switching({ languages: ["en"] })).toBe(false);
  expect(switching({ languages, codeSwitching: false })).toBe(false);
  expect(switching({ codeSwitching: true })).toBe(true);
});

test("counts a language that is named twice once", () => {
  const parsed = parseRecognitionChoices({ language: ["en", "en"], translate: ["fr", "fr"] });
  expect(parsed).toMatchObject({
    value: { languages: ["en"], translation: { targetLanguages: ["fr"] } },
  });
});

test("takes no targets, no words and no languages for a choice", () => {
  const parsed = parseRecognitionChoices({ language: [], vocabulary: [], translate: [] });
  expect(parsed).toStrictEqual({
    ok: true,
    value: { languages: [], vocabulary: [], translation: undefined },
  });
});

const codes = (count: number) => ["en", "fr", "de", "es", "it", "pt"].slice(0, count);
const words = (count: number) => Array.from({ length: count }, (_, index) => `word ${index}`);

test("takes lists as long as they may be", () => {
  const fields = { language: codes(5), vocabulary: words(100), translate: codes(5) };
  expect(parseRecognitionChoices(fields).ok).toBe(true);
});

test.each<[string, readonly unknown[]]>([
  ["preset", ["", "Meeting", "toString", 7, null]],
  ["language", ["en", ["EN"], ["en-GB"], ["xx"], [""], [7], ["wo"], codes(6), { 0: "en" }]],
  ["code_switching", ["true", 1, null]],
  ["endpointing", [0, 0.009, 10.1, "0.3", Number.NaN, Infinity, -1, null]],
  ["max_utterance", [4.9, 60.1, "5", Number.NaN]],
  ["vocabulary", ["word", [""], ["x".repeat(101)], [{ value: 7 }], words(101)]],
  ["vocabulary_intensity", [-0.1, 1.1, "0.5", Number.NaN]],
  ["translate", ["fr", ["xx"], codes(6)]],
])("refuses a wrong %s by its name, without quoting it", (name, values) => {
  for (const value of values) {
    const parsed = parseRecognitionChoices({ [name]: value });
    expect(parsed).toMatchObject({
      ok: false,
      problem: expect.stringMatching(new RegExp(`^expected ${name} to be `)),
    });
    expect(JSON.stringify(parsed)).not.toContain("toString");
  }
});
