import * as v from "valibot";
import { LANGUAGE_CODES, TRANSLATION_CODES } from "../../relay/recognition/language-codes.ts";

const flag = (preset: boolean) => v.optional(v.boolean(), preset);
const between = (least: number, most: number, preset: number) =>
  v.optional(v.pipe(v.number(), v.minValue(least), v.maxValue(most)), preset);

const messagesConfig = v.object({
  receive_partial_transcripts: flag(false),
  receive_final_transcripts: flag(true),
  receive_speech_events: flag(true),
  receive_pre_processing_events: flag(true),
  receive_realtime_processing_events: flag(true),
  receive_post_processing_events: flag(true),
  receive_acknowledgments: flag(true),
  receive_errors: flag(true),
  receive_lifecycle_events: flag(false),
});

// The usual message would list a hundred codes.
const unknownCode = ({ received }: v.BaseIssue<unknown>) =>
  `Invalid type: Expected a supported language code but received ${received}`;
const languageCode = v.picklist(LANGUAGE_CODES, unknownCode);
const translationCode = v.picklist(TRANSLATION_CODES, unknownCode);

/**
 * The body of POST /v2/live. Unknown fields are refused at the top and ignored further down, as the
 * provider does. Add-ons are checked for their form; of them the simulator has translation alone.
 */
const sessionRequest = v.strictObject({
  encoding: v.optional(v.picklist(["wav/pcm", "wav/alaw", "wav/ulaw"]), "wav/pcm"),
  bit_depth: v.optional(v.picklist([8, 16, 24, 32]), 16),
  sample_rate: v.optional(v.picklist([8000, 16_000, 32_000, 44_100, 48_000]), 16_000),
  channels: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(8)), 1),
  model: v.optional(v.pipe(v.string(), v.nonEmpty()), "solaria-1"),
  endpointing: between(0.01, 10, 0.05),
  maximum_duration_without_endpointing: between(5, 60, 5),
  language_config: v.optional(
    v.object({
      languages: v.optional(v.array(languageCode), []),
      code_switching: flag(false),
    }),
    {},
  ),
  pre_processing: v.optional(
    v.object({ audio_enhancer: flag(false), speech_threshold: between(0, 1, 0.6) }),
    {},
  ),
  realtime_processing: v.optional(
    v.looseObject({
      custom_vocabulary: flag(false),
      custom_spelling: flag(false),
      translation: flag(false),
      translation_config: v.optional(
        v.looseObject({ target_languages: v.pipe(v.array(translationCode), v.minLength(1)) }),
      ),
      named_entity_recognition: flag(false),
      sentiment_analysis: flag(false),
    }),
    {},
  ),
  post_processing: v.optional(
    v.looseObject({ summarization: flag(false), chapterization: flag(false) }),
    {},
  ),
  messages_config: v.optional(messagesConfig, {}),
  callback: flag(false),
  callback_config: v.optional(v.looseObject({ url: v.optional(v.pipe(v.string(), v.url())) })),
  custom_metadata: v.optional(v.record(v.string(), v.unknown())),
});

/** With every default filled in. */
export type SessionRequest = v.InferOutput<typeof sessionRequest>;
export type MessagesConfig = v.InferOutput<typeof messagesConfig>;

/** Refused: one sentence for each fault, beginning with the field's name. */
export type ParsedSessionRequest =
  | { readonly ok: true; readonly request: SessionRequest }
  | { readonly ok: false; readonly problems: readonly string[] };

export function parseSessionRequest(body: string): ParsedSessionRequest {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    // The parser's own message quotes the body.
    return { ok: false, problems: ["body: expected JSON"] };
  }
  const parsed = v.safeParse(sessionRequest, json);
  if (parsed.success) return { ok: true, request: parsed.output };
  return {
    ok: false,
    problems: parsed.issues.map((issue) => `${v.getDotPath(issue) ?? "body"}: ${issue.message}`),
  };
}
