import type {
  SpokenTranslation,
  SpokenUtterance,
  TranslatedUtterance,
  Utterance,
} from "../../relay/ports.ts";
import { toUtteranceKey } from "../../relay/timeline.ts";
import type { SentAudio } from "../audio/sent-audio.ts";
import type { SessionPositions } from "../audio/session-positions.ts";

export interface PlacingDeps {
  readonly positions: SessionPositions;
  readonly sent: SentAudio;
}

export interface PlacingOptions {
  readonly providerSessionId: string;
  readonly bytesPerSecond: number;
}

/**
 * Gives what one provider session says its key and its place in the source (R4, R14): never behind the audio that the provider
 * can have heard, whatever it says.
 */
export class Placing {
  readonly #deps: PlacingDeps;
  readonly #options: PlacingOptions;

  constructor(deps: PlacingDeps, options: PlacingOptions) {
    this.#deps = deps;
    this.#options = options;
  }

  place({ localId, text, isFinal, language, confidence, ...times }: SpokenUtterance): Utterance {
    return {
      key: toUtteranceKey(this.#options.providerSessionId, localId),
      text,
      isFinal,
      startSeconds: this.#toSource(times.startSeconds),
      endSeconds: this.#toSource(times.endSeconds),
      language,
      confidence,
    };
  }

  placeTranslation({ localId, text, language, ...times }: SpokenTranslation): TranslatedUtterance {
    return {
      utteranceKey: toUtteranceKey(this.#options.providerSessionId, localId),
      text,
      language,
      startSeconds: this.#toSource(times.startSeconds),
      endSeconds: this.#toSource(times.endSeconds),
    };
  }

  /** See `SessionPositions`. */
  lapOf({ startSeconds }: SpokenUtterance): string {
    return this.#deps.positions.lapOf(Math.min(startSeconds, this.#secondsMax));
  }

  /** By so many seconds an utterance ends behind all audio. */
  beyondSeconds({ endSeconds }: SpokenUtterance): number {
    return Math.max(0, endSeconds - this.#secondsMax);
  }

  get #secondsMax(): number {
    return this.#deps.sent.heardBytesMax / this.#options.bytesPerSecond;
  }

  #toSource(providerSeconds: number): number {
    return this.#deps.positions.toSourceSeconds(Math.min(providerSeconds, this.#secondsMax));
  }
}
