import { accepted, refused, type Parsed } from "../../kernel/result.ts";
import type { AudioEncoding, AudioFormat } from "../../relay/recognition/audio-format.ts";
import {
  parseRecognitionChoices,
  toRecognitionOptions,
  type RecognitionChoices,
} from "../../relay/recognition/recognition-choices.ts";
import type { RecognitionOptions } from "../../relay/recognition/recognition-options.ts";

const SAMPLE_RATES: readonly AudioFormat["sampleRate"][] = [8000, 16_000, 32_000, 44_100, 48_000];

/** A-law and µ-law carry 8 bits a sample (ITU-T G.711); the gateway takes PCM with 16. */
const BIT_DEPTHS: Readonly<Record<AudioEncoding, AudioFormat["bitDepth"]>> = {
  "wav/pcm": 16,
  "wav/alaw": 8,
  "wav/ulaw": 8,
};

/** A decimal number without sign, exponent or space. */
const NUMBER = /^\d+(?:\.\d+)?$/;

/** Reads what the client asked for in its URL. `decided` is what its token says: it wins over the query. */
export function parseStreamRequest(
  query: URLSearchParams,
  decided: RecognitionChoices,
): Parsed<RecognitionOptions> {
  const audio = parseAudioFormat(query);
  if (!audio.ok) return audio;
  const asked = parseRecognitionChoices(readChoices(query));
  if (!asked.ok) return asked;
  return accepted(toRecognitionOptions(audio.value, { ...asked.value, ...decided }));
}

function parseAudioFormat(query: URLSearchParams): Parsed<AudioFormat> {
  const rateText = query.get("sample_rate") ?? "16000";
  const sampleRate = SAMPLE_RATES.find((rate) => String(rate) === rateText);
  if (sampleRate === undefined) {
    return refused(`expected sample_rate to be one of ${SAMPLE_RATES.join(", ")}`);
  }
  const encoding = query.get("encoding") ?? "wav/pcm";
  if (!isEncoding(encoding)) {
    return refused(`expected encoding to be one of ${Object.keys(BIT_DEPTHS).join(", ")}`);
  }
  return accepted({ encoding, sampleRate, bitDepth: BIT_DEPTHS[encoding] });
}

function isEncoding(text: string): text is AudioEncoding {
  return Object.hasOwn(BIT_DEPTHS, text);
}

/** A query has texts only. What is no number, or neither true nor false, stays a text, for the parser to refuse. */
function readChoices(query: URLSearchParams): Record<string, unknown> {
  const one = (name: string) => query.get(name) ?? undefined;
  const all = (name: string) => (query.has(name) ? query.getAll(name) : undefined);
  return {
    preset: one("preset"),
    language: all("language"),
    code_switching: toBoolean(one("code_switching")),
    endpointing: toNumber(one("endpointing")),
    max_utterance: toNumber(one("max_utterance")),
    vocabulary: all("vocabulary"),
    vocabulary_intensity: toNumber(one("vocabulary_intensity")),
    translate: all("translate"),
  };
}

function toBoolean(text: string | undefined): boolean | string | undefined {
  if (text === "true") return true;
  return text === "false" ? false : text;
}

function toNumber(text: string | undefined): number | string | undefined {
  return text !== undefined && NUMBER.test(text) ? Number(text) : text;
}
