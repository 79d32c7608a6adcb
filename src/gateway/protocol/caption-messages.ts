/** What was said, as the messages that show it. */
import type { Transcript, Translation } from "../../relay/ports.ts";
import type { TranscriptionMessage, TranslationMessage, Unnumbered } from "./messages.ts";

export function transcriptionMessage(transcript: Transcript): Unnumbered<TranscriptionMessage> {
  return {
    type: "transcription",
    text: transcript.text,
    is_final: transcript.isFinal,
    utterance_id: transcript.utteranceKey,
    started_at: transcript.startedAt.toISOString(),
    ended_at: transcript.endedAt.toISOString(),
    ...(transcript.language !== undefined && { language: transcript.language }),
    ...(transcript.confidence !== undefined && { confidence: transcript.confidence }),
  };
}

export function translationMessage(translation: Translation): Unnumbered<TranslationMessage> {
  return {
    type: "translation",
    utterance_id: translation.translationOf,
    text: translation.text,
    language: translation.language,
    started_at: translation.startedAt.toISOString(),
    ended_at: translation.endedAt.toISOString(),
  };
}

/** A kept final, whichever of the two it is. */
export function finalMessage(
  final: Transcript,
): Unnumbered<TranscriptionMessage> | Unnumbered<TranslationMessage> {
  return isTranslation(final) ? translationMessage(final) : transcriptionMessage(final);
}

function isTranslation(transcript: Transcript): transcript is Translation {
  return transcript.translationOf !== undefined && transcript.language !== undefined;
}
