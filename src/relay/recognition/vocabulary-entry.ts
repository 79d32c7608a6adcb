import { isLanguageCode } from "./language-codes.ts";
import type { VocabularyEntry } from "./recognition-options.ts";

/** Room for the longest names; a sentence is no vocabulary. */
export const PHRASE_CHARACTERS_MAX = 100;

/** A word that is said in more ways than this is several words. */
const PRONUNCIATIONS_MAX = 10;

/** A line break would forge a log line; half a surrogate pair has no UTF-8. */
const PRINTABLE = /^[^\p{Cc}\p{Cs}]*$/u;

/** A text is an entry without more. Undefined when `given` is neither that nor an entry, or has other members as well. */
export function readVocabularyEntry(given: unknown): VocabularyEntry | undefined {
  if (isPhrase(given)) return { value: given };
  if (typeof given !== "object" || given === null) return undefined;
  // Any object can be read by name when every value stays unknown.
  const { value, intensity, pronunciations, language, ...others } = given as Record<
    string,
    unknown
  >;
  if (!isPhrase(value) || Object.keys(others).length > 0) return undefined;
  if (intensity !== undefined && !isIntensity(intensity)) return undefined;
  if (pronunciations !== undefined && !arePronunciations(pronunciations)) return undefined;
  if (language !== undefined && !isLanguageCode(language)) return undefined;
  return {
    value,
    ...(intensity !== undefined && { intensity }),
    ...(pronunciations !== undefined && { pronunciations }),
    ...(language !== undefined && { language }),
  };
}

export function isIntensity(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= 1;
}

function isPhrase(value: unknown): value is string {
  return (
    typeof value === "string" &&
    value.trim() !== "" &&
    value.length <= PHRASE_CHARACTERS_MAX &&
    PRINTABLE.test(value)
  );
}

function arePronunciations(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length <= PRONUNCIATIONS_MAX && value.every(isPhrase);
}
