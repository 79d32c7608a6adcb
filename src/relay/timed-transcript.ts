import type { TranslatedUtterance, Transcript, Translation, Utterance } from "./ports.ts";

/** Tells the wall-clock time of a position in audio, as a `Timeline` does. */
export interface PositionClock {
  timeAt(positionSeconds: number): Date;
}

/** R4: the provider's utterance ids start at zero again in each of its sessions. */
export function toUtteranceKey(providerSessionId: string, utteranceId: string): string {
  return `${providerSessionId}:${utteranceId}`;
}

/** What the provider reports, at the time at which it was said (R14). */
export function toTranscript(utterance: Utterance, clock: PositionClock): Transcript {
  return {
    utteranceKey: utterance.key,
    translationOf: undefined,
    text: utterance.text,
    isFinal: utterance.isFinal,
    startedAt: clock.timeAt(utterance.startSeconds),
    endedAt: clock.timeAt(utterance.endSeconds),
    language: utterance.language,
    confidence: utterance.confidence,
  };
}

/** R4: an utterance has one translation in each language, so that both together are its key. */
export function toTranslation(translated: TranslatedUtterance, clock: PositionClock): Translation {
  const { utteranceKey, language } = translated;
  return {
    utteranceKey: `${utteranceKey}:${language}`,
    translationOf: utteranceKey,
    text: translated.text,
    isFinal: true,
    startedAt: clock.timeAt(translated.startSeconds),
    endedAt: clock.timeAt(translated.endSeconds),
    language,
    confidence: undefined,
  };
}
