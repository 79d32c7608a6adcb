import type { TranslationCode } from "../../relay/recognition/language-codes.ts";
import type { TranscribedUtterance, TranslationMessage } from "../wire/messages.ts";

/** Knows no other language: says the same again, with the target's code before it. */
export function translate(
  localId: string,
  utterance: TranscribedUtterance,
  target: TranslationCode,
): TranslationMessage {
  return {
    type: "translation",
    error: null,
    data: {
      utterance_id: localId,
      utterance,
      original_language: utterance.language,
      target_language: target,
      // The provider's types allow no Wolof here, so that the language stays that of the original.
      translated_utterance: { ...utterance, text: ` [${target}]${utterance.text}` },
    },
  };
}
