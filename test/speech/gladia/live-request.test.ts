import { expect, test } from "bun:test";
import type { RecognitionOptions } from "../../../src/relay/recognition/recognition-options.ts";
import { parseSessionRequest } from "../../../src/simulator/wire/session-request.ts";
import { toRequestBody } from "../../../src/speech/gladia/live-request.ts";
import { recognition } from "../../support/stages/relay-stage.ts";

/** As the provider reads it, by way of JSON. */
function readBack(changes: Partial<RecognitionOptions>) {
  const parsed = parseSessionRequest(JSON.stringify(toRequestBody({ ...recognition, ...changes })));
  if (!parsed.ok) throw new Error(parsed.problems.join("; "));
  return parsed.request;
}

test("asks for one channel of the client's audio, and for no add-on that was not chosen", () => {
  expect(toRequestBody(recognition)).toEqual({
    encoding: "wav/pcm",
    bit_depth: 16,
    sample_rate: 16_000,
    channels: 1,
    endpointing: 0.3,
    maximum_duration_without_endpointing: 5,
    language_config: { languages: ["en"], code_switching: false },
    realtime_processing: {},
    messages_config: {
      receive_partial_transcripts: true,
      receive_final_transcripts: true,
      receive_acknowledgments: true,
      receive_errors: true,
      receive_realtime_processing_events: false,
      receive_speech_events: false,
      receive_pre_processing_events: false,
      receive_post_processing_events: false,
      receive_lifecycle_events: false,
    },
  });
});

test("asks for the audio as it comes", () => {
  const audio = { encoding: "wav/ulaw", sampleRate: 8000, bitDepth: 8 } as const;
  expect(readBack({ audio })).toMatchObject({
    encoding: "wav/ulaw",
    bit_depth: 8,
    sample_rate: 8000,
  });
});

test("hands on what closes an utterance, and which languages may be spoken", () => {
  const request = readBack({
    endpointingSeconds: 10,
    utteranceSecondsMax: 60,
    languages: ["en", "fr"],
    codeSwitching: true,
  });
  expect(request).toMatchObject({
    endpointing: 10,
    maximum_duration_without_endpointing: 60,
    language_config: { languages: ["en", "fr"], code_switching: true },
  });
});

test("hands on the vocabulary, and its intensity only with it", () => {
  const vocabulary = [{ value: "Stenogate" }, { value: "Żabka", language: "pl" }] as const;
  expect(readBack({ vocabulary, vocabularyIntensity: 0.5 }).realtime_processing).toMatchObject({
    custom_vocabulary: true,
    custom_vocabulary_config: { vocabulary, default_intensity: 0.5 },
  });
  expect(toRequestBody({ ...recognition, vocabulary })).toMatchObject({
    realtime_processing: { custom_vocabulary: true, custom_vocabulary_config: { vocabulary } },
  });
  expect(toRequestBody({ ...recognition, vocabularyIntensity: 0.5 })).toEqual(
    toRequestBody(recognition),
  );
});

test("asks for translations, and for the messages that bring them", () => {
  const request = readBack({ translation: { targetLanguages: ["fr", "wo"] } });
  expect(request.realtime_processing).toMatchObject({
    translation: true,
    translation_config: { target_languages: ["fr", "wo"] },
  });
  expect(request.messages_config.receive_realtime_processing_events).toBe(true);
});
