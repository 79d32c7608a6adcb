import { expect, test } from "bun:test";
import { parseSessionRequest } from "../../../src/simulator/wire/session-request.ts";

test("an empty request gets the provider's defaults", () => {
  const parsed = parseSessionRequest("{}");
  expect(parsed).toMatchObject({
    ok: true,
    request: {
      encoding: "wav/pcm",
      bit_depth: 16,
      sample_rate: 16_000,
      channels: 1,
      model: "solaria-1",
      endpointing: 0.05,
      maximum_duration_without_endpointing: 5,
      language_config: { languages: [], code_switching: false },
      pre_processing: { audio_enhancer: false, speech_threshold: 0.6 },
      messages_config: {
        receive_partial_transcripts: false,
        receive_final_transcripts: true,
        receive_speech_events: true,
        receive_pre_processing_events: true,
        receive_realtime_processing_events: true,
        receive_post_processing_events: true,
        receive_acknowledgments: true,
        receive_errors: true,
        receive_lifecycle_events: false,
      },
      callback: false,
    },
  });
});

test.each<[string, unknown]>([
  ["region", { region: "eu-west" }],
  ["encoding", { encoding: "wav/opus" }],
  ["bit_depth", { bit_depth: 12 }],
  ["sample_rate", { sample_rate: 24_000 }],
  ["channels", { channels: 9 }],
  ["channels", { channels: 1.5 }],
  ["endpointing", { endpointing: 0.009 }],
  ["endpointing", { endpointing: 10.1 }],
  ["maximum_duration_without_endpointing", { maximum_duration_without_endpointing: 4 }],
  ["maximum_duration_without_endpointing", { maximum_duration_without_endpointing: 61 }],
  ["language_config.languages.0", { language_config: { languages: ["xx"] } }],
  [
    "realtime_processing.translation_config.target_languages",
    { realtime_processing: { translation_config: { target_languages: [] } } },
  ],
  [
    "realtime_processing.translation_config.target_languages.0",
    { realtime_processing: { translation_config: { target_languages: ["xx"] } } },
  ],
  ["pre_processing.speech_threshold", { pre_processing: { speech_threshold: 2 } }],
  ["messages_config.receive_errors", { messages_config: { receive_errors: "yes" } }],
  ["callback_config.url", { callback_config: { url: "nowhere" } }],
  ["body", null],
])("a fault in %s is refused by its name", (name, body) => {
  const parsed = parseSessionRequest(JSON.stringify(body));
  const problems = parsed.ok ? [] : parsed.problems;
  expect(problems.map((problem) => problem.split(": ")[0])).toEqual([name]);
});

test("every fault is told at once", () => {
  const parsed = parseSessionRequest('{"channels":0,"bit_depth":1,"region":"eu-west"}');
  expect(parsed.ok ? [] : parsed.problems).toHaveLength(3);
});

test("unknown fields further down are ignored, as the provider does", () => {
  const body = { realtime_processing: { words_accurate_timestamps: false } };
  expect(parseSessionRequest(JSON.stringify(body)).ok).toBe(true);
});

test("a body that is not JSON is refused without being quoted", () => {
  expect(parseSessionRequest("secret{")).toEqual({ ok: false, problems: ["body: expected JSON"] });
});
