import { expect, test } from "bun:test";
import type { LiveV2TranscriptionLanguageCode, LiveV2TranslationLanguageCode } from "@gladiaio/sdk";
import {
  isLanguageCode,
  isTranslationCode,
  LANGUAGE_CODES,
  TRANSLATION_CODES,
  type LanguageCode,
  type TranslationCode,
} from "../../../src/relay/recognition/language-codes.ts";

type Same<One, Other> = [One, Other] extends [Other, One] ? true : false;

/** Does not compile when the provider's own client knows other codes. */
const isComplete: [
  Same<LanguageCode, LiveV2TranscriptionLanguageCode>,
  Same<TranslationCode, LiveV2TranslationLanguageCode>,
] = [true, true];

test("knows the provider's codes, each once", () => {
  expect(isComplete).toEqual([true, true]);
  expect(new Set(LANGUAGE_CODES).size).toBe(LANGUAGE_CODES.length);
  expect(LANGUAGE_CODES.every(isLanguageCode)).toBe(true);
  expect(TRANSLATION_CODES.every(isTranslationCode)).toBe(true);
});

test("tells Wolof, into which the provider translates but which it does not hear", () => {
  expect([isLanguageCode("wo"), isTranslationCode("wo")]).toEqual([false, true]);
  for (const other of ["", "EN", "eng", "toString", 7, ["en"], null, undefined]) {
    expect([isLanguageCode(other), isTranslationCode(other)]).toEqual([false, false]);
  }
});
