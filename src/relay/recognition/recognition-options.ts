import type { AudioFormat } from "./audio-format.ts";
import type { LanguageCode, TranslationCode } from "./language-codes.ts";

/** How a stream is recognised: the client's audio, and what client and token have chosen. */
export interface RecognitionOptions {
  readonly audio: AudioFormat;
  /** Those that may be spoken; empty lets the provider detect the language. */
  readonly languages: readonly LanguageCode[];
  /** Whether the language may change within the stream. */
  readonly codeSwitching: boolean;
  /** Silence that closes an utterance: 0.01 to 10. */
  readonly endpointingSeconds: number;
  /** An utterance is closed after this time even without silence: 5 to 60. */
  readonly utteranceSecondsMax: number;
  /** Words that the provider would not expect, such as names. */
  readonly vocabulary: readonly VocabularyEntry[];
  /** How readily entries without an intensity of their own are heard: 0 to 1; the provider's choice where undefined. */
  readonly vocabularyIntensity: number | undefined;
  readonly translation: TranslationOptions | undefined;
}

export interface VocabularyEntry {
  /** As it is to be written. */
  readonly value: string;
  /** How readily it is heard: 0 to 1. */
  readonly intensity?: number;
  /** How it may sound, where spelling misleads. */
  readonly pronunciations?: readonly string[];
  /** The language by whose rules it sounds; the spoken one where absent. */
  readonly language?: LanguageCode;
}

export interface TranslationOptions {
  /** Each final comes once in each of them; at least one. */
  readonly targetLanguages: readonly TranslationCode[];
}
