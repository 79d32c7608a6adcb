import type { TranscriptEvent, TranslationEvent } from "../gladia/gladia-messages.ts";

/** An utterance with its place in the source, in seconds. */
export interface PlacedTranscript extends TranscriptEvent {
  /** "<provider session id>:<provider utterance id>" (R4). */
  readonly key: string;
}

/** What one provider session has said: which utterances are final, and which are still being spoken. */
export class LinkUtterances {
  readonly #finalIds = new Set<string>();
  readonly #translations = new Set<string>();
  /** Utterances whose final has not come, by id, in the order in which they began. */
  readonly #speaking = new Map<string, PlacedTranscript>();

  /** The latest state of each utterance whose final has not come, in the order in which they began. */
  get unfinished(): readonly PlacedTranscript[] {
    return [...this.#speaking.values()];
  }

  /** The first of them. */
  get oldest(): PlacedTranscript | undefined {
    return this.#speaking.values().next().value;
  }

  hasSeenFinal(utteranceId: string): boolean {
    return this.#finalIds.has(utteranceId);
  }

  hasSeenTranslation({ utteranceId, language }: TranslationEvent): boolean {
    return this.#translations.has(`${utteranceId} ${language}`);
  }

  noteTranslation({ utteranceId, language }: TranslationEvent): void {
    this.#translations.add(`${utteranceId} ${language}`);
  }

  /** What is to be told of a transcript, if anything. */
  note(transcript: PlacedTranscript): PlacedTranscript | undefined {
    const { utteranceId, isFinal } = transcript;
    // A partial that comes after its final says nothing new, and neither does a second final.
    if (this.#finalIds.has(utteranceId)) return undefined;
    // It began before a resume and ends in what was replayed: of what it mixes, each part has a final of its own.
    const isTorn = transcript.endSeconds < transcript.startSeconds;
    if (isFinal) {
      this.#finalize(utteranceId);
      // An empty final takes the partials back.
      return isTorn ? { ...transcript, text: "", endSeconds: transcript.startSeconds } : transcript;
    }
    if (isTorn) return undefined;
    this.#speaking.set(utteranceId, transcript);
    return transcript;
  }

  /** Finals come in order: an utterance that began before this one never gets its own. */
  #finalize(utteranceId: string): void {
    this.#finalIds.add(utteranceId);
    if (!this.#speaking.has(utteranceId)) return;
    for (const id of this.#speaking.keys()) {
      this.#speaking.delete(id);
      if (id === utteranceId) return;
    }
  }
}
