/**
 * What may be chosen about recognition, by a client in its query and by a token's issuer in the claim `stt`.
 *
 * Both use the names of `CHOICES`. Who may say what, and where it stands, is theirs; what a value may be is decided here.
 */
import { accepted, refused, type Parsed } from "../../kernel/result.ts";
import type { AudioFormat } from "./audio-format.ts";
import { isLanguageCode, isTranslationCode } from "./language-codes.ts";
import type { RecognitionOptions } from "./recognition-options.ts";
import { isIntensity, PHRASE_CHARACTERS_MAX, readVocabularyEntry } from "./vocabulary-entry.ts";

/** What is absent is left to others, and at last to the defaults. */
export type RecognitionChoices = Partial<Omit<RecognitionOptions, "audio">>;

/** What closes an utterance, by Gladia's recommendations for each use. */
const PRESETS = {
  // Whoever thinks aloud pauses: of the 0.3 to 0.5 s that are advised, the middle.
  meeting: { endpointingSeconds: 0.4, utteranceSecondsMax: 15 },
  // Whoever reads along waits for no final longer than 5 s.
  captions: { endpointingSeconds: 0.3, utteranceSecondsMax: 5 },
  // Two people take turns quickly: of 0.2 to 0.4 s, the middle.
  "call-centre": { endpointingSeconds: 0.3, utteranceSecondsMax: 15 },
} as const;

/** The provider advises three to five; recognition gets worse with each. */
const LANGUAGES_MAX = 5;

/** Each target makes another message and another row of every final. */
const TARGETS_MAX = 5;

/** Every entry may replace what was said: a list of names, not a dictionary. */
const VOCABULARY_ENTRIES_MAX = 100;

interface Choice {
  /** Completes "expected … to be". */
  readonly expected: string;
  /** Undefined when the value is something else. */
  readonly read: (value: unknown) => RecognitionChoices | undefined;
}

const CHOICES: Readonly<Record<string, Choice>> = {
  // First, because what is named beside it replaces a part of it.
  preset: {
    expected: `one of ${Object.keys(PRESETS).join(", ")}`,
    read: (value) => (isPreset(value) ? PRESETS[value] : undefined),
  },
  language: {
    expected: `up to ${LANGUAGES_MAX} codes of languages that the provider knows, such as "en"`,
    read: (value) => {
      const languages = readList(value, LANGUAGES_MAX, (code) =>
        isLanguageCode(code) ? code : undefined,
      );
      return languages && { languages };
    },
  },
  code_switching: {
    expected: "true or false",
    read: (value) => (typeof value === "boolean" ? { codeSwitching: value } : undefined),
  },
  endpointing: {
    expected: "a number of seconds from 0.01 to 10",
    read: (value) => (isBetween(value, 0.01, 10) ? { endpointingSeconds: value } : undefined),
  },
  max_utterance: {
    expected: "a number of seconds from 5 to 60",
    read: (value) => (isBetween(value, 5, 60) ? { utteranceSecondsMax: value } : undefined),
  },
  vocabulary: {
    expected:
      `up to ${VOCABULARY_ENTRIES_MAX} texts of 1 to ${PHRASE_CHARACTERS_MAX} characters, ` +
      "or objects of value, intensity, pronunciations and language",
    read: (value) => {
      const vocabulary = readList(value, VOCABULARY_ENTRIES_MAX, readVocabularyEntry);
      return vocabulary && { vocabulary };
    },
  },
  vocabulary_intensity: {
    expected: "a number from 0 to 1",
    read: (value) => (isIntensity(value) ? { vocabularyIntensity: value } : undefined),
  },
  translate: {
    expected: `up to ${TARGETS_MAX} codes of languages that the provider translates into`,
    read: (value) => {
      const targetLanguages = readList(value, TARGETS_MAX, (code) =>
        isTranslationCode(code) ? code : undefined,
      );
      // None is a choice as well: a token forbids by it what the query asks for.
      if (targetLanguages?.length === 0) return { translation: undefined };
      return targetLanguages && { translation: { targetLanguages } };
    },
  },
};

export const CHOICE_NAMES: readonly string[] = Object.keys(CHOICES);

/** The problem names the first choice that does not fit, never its value. Members of other names are not looked at. */
export function parseRecognitionChoices(
  fields: Readonly<Record<string, unknown>>,
): Parsed<RecognitionChoices> {
  const choices: RecognitionChoices = {};
  for (const [name, { expected, read }] of Object.entries(CHOICES)) {
    const value = fields[name];
    if (value === undefined) continue;
    const chosen = read(value);
    if (chosen === undefined) return refused(`expected ${name} to be ${expected}`);
    Object.assign(choices, chosen);
  }
  return accepted(choices);
}

/** Live captions in any language, but for what was chosen. */
export function toRecognitionOptions(
  audio: AudioFormat,
  choices: RecognitionChoices,
): RecognitionOptions {
  return {
    audio,
    languages: [],
    // Several languages mean that speakers change between them; with one the provider ignores the flag.
    codeSwitching: (choices.languages?.length ?? 0) > 1,
    ...PRESETS.captions,
    vocabulary: [],
    vocabularyIntensity: undefined,
    translation: undefined,
    ...choices,
  };
}

function isPreset(value: unknown): value is keyof typeof PRESETS {
  return typeof value === "string" && Object.hasOwn(PRESETS, value);
}

function isBetween(value: unknown, least: number, most: number): value is number {
  return typeof value === "number" && value >= least && value <= most;
}

/** The items as `read` gives them, equal ones once; undefined when there are too many, or one that it does not know. */
function readList<Item>(
  value: unknown,
  itemsMax: number,
  read: (item: unknown) => Item | undefined,
): readonly Item[] | undefined {
  if (!Array.isArray(value) || value.length > itemsMax) return undefined;
  const items = value.map(read).filter((item) => item !== undefined);
  return items.length === value.length ? [...new Set(items)] : undefined;
}
