import type {
  RecognitionOptions,
  VocabularyEntry,
} from "../../relay/recognition/recognition-options.ts";

/** The body of `POST /v2/live`: one channel, partials, finals and acknowledgments, and of all else only what was chosen. */
export function toRequestBody(options: RecognitionOptions): Record<string, unknown> {
  const { audio, translation } = options;
  return {
    encoding: audio.encoding,
    bit_depth: audio.bitDepth,
    sample_rate: audio.sampleRate,
    channels: 1,
    endpointing: options.endpointingSeconds,
    maximum_duration_without_endpointing: options.utteranceSecondsMax,
    language_config: { languages: options.languages, code_switching: options.codeSwitching },
    realtime_processing: {
      ...toVocabulary(options.vocabulary, options.vocabularyIntensity),
      ...(translation !== undefined && {
        translation: true,
        translation_config: { target_languages: translation.targetLanguages },
      }),
    },
    messages_config: {
      receive_partial_transcripts: true,
      receive_final_transcripts: true,
      receive_acknowledgments: true,
      receive_errors: true,
      // Translations come under this flag.
      receive_realtime_processing_events: translation !== undefined,
      receive_speech_events: false,
      receive_pre_processing_events: false,
      receive_post_processing_events: false,
      receive_lifecycle_events: false,
    },
  };
}

function toVocabulary(
  vocabulary: readonly VocabularyEntry[],
  intensity: number | undefined,
): Record<string, unknown> {
  if (vocabulary.length === 0) return {};
  return {
    custom_vocabulary: true,
    custom_vocabulary_config: {
      vocabulary,
      ...(intensity !== undefined && { default_intensity: intensity }),
    },
  };
}
