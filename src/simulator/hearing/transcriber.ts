import type { LanguageCode } from "../../relay/recognition/language-codes.ts";
import type { TranscribedUtterance } from "../wire/messages.ts";
import type { SessionRequest } from "../wire/session-request.ts";
import { LoudnessMeter, WINDOWS_PER_SECOND } from "./loudness-meter.ts";
import type { Recording, SpokenWord } from "./recording.ts";
import { SpeechRecogniser } from "./speech-recogniser.ts";
import { VoiceActivity } from "./voice-activity.ts";

/**
 * How often a growing utterance is looked at for another complete word: as often as audio usually
 * arrives.
 */
const PARTIAL_STEP_WINDOWS = 10;
/** What the provider is typically this sure of; it never changes, so that a run can be repeated. */
const CONFIDENCE = 0.9;

export interface TranscriberDeps {
  readonly recording: Recording;
  onSpeechStart(seconds: number): void;
  /** Comes before the utterance's final. */
  onSpeechEnd(seconds: number): void;
  /** Each time another word is complete; the whole utterance so far. */
  onPartial(utterance: TranscribedUtterance): void;
  onFinal(utterance: TranscribedUtterance): void;
}

/**
 * Audio of one session in, utterances out, at once and on the caller's stack.
 *
 * What comes out follows from the bytes alone: neither the clock nor how they were cut into frames
 * plays a part.
 */
export class Transcriber {
  readonly #deps: TranscriberDeps;
  readonly #language: LanguageCode;
  readonly #meter: LoudnessMeter;
  readonly #activity: VoiceActivity;
  readonly #recogniser: SpeechRecogniser;
  #windows = 0;
  #speechWindow: number | undefined;
  /** Words of the last partial: the next one comes when there is one more. */
  #wordCount = 0;

  constructor(deps: TranscriberDeps, request: SessionRequest) {
    this.#deps = deps;
    this.#language = request.language_config.languages[0] ?? "en";
    this.#recogniser = new SpeechRecogniser(deps.recording);
    this.#activity = new VoiceActivity(
      {
        onSpeechStart: (window) => this.#begin(window),
        onSpeechEnd: (from, to) => this.#end(from, to),
      },
      {
        endpointingSeconds: request.endpointing,
        utteranceSecondsMax: request.maximum_duration_without_endpointing,
      },
    );
    this.#meter = new LoudnessMeter({ onWindow: (decibels) => this.#advance(decibels) }, request);
  }

  hear(audio: Uint8Array): void {
    this.#meter.hear(audio);
  }

  /** No more audio: the utterance that is still open gets its final. */
  finish(): void {
    this.#activity.finish();
  }

  #advance(decibels: number): void {
    this.#windows += 1;
    this.#recogniser.hear(decibels);
    this.#activity.hear(decibels);
    if (this.#speechWindow === undefined) return;
    if ((this.#windows - this.#speechWindow) % PARTIAL_STEP_WINDOWS !== 0) return;
    const words = this.#recogniser.hearWords();
    const lastWord = words.at(-1);
    if (lastWord === undefined || words.length <= this.#wordCount) return;
    this.#wordCount = words.length;
    this.#deps.onPartial(this.#toUtterance(this.#speechWindow, lastWord.toWindow, words));
  }

  #begin(window: number): void {
    this.#speechWindow = window;
    this.#wordCount = 0;
    this.#recogniser.begin(window);
    this.#deps.onSpeechStart(window / WINDOWS_PER_SECOND);
  }

  #end(fromWindow: number, toWindow: number): void {
    this.#speechWindow = undefined;
    const words = this.#recogniser.end(fromWindow, toWindow);
    this.#deps.onSpeechEnd(toWindow / WINDOWS_PER_SECOND);
    if (words.length > 0) this.#deps.onFinal(this.#toUtterance(fromWindow, toWindow, words));
  }

  #toUtterance(
    fromWindow: number,
    toWindow: number,
    words: readonly SpokenWord[],
  ): TranscribedUtterance {
    return {
      start: fromWindow / WINDOWS_PER_SECOND,
      end: toWindow / WINDOWS_PER_SECOND,
      confidence: CONFIDENCE,
      channel: 0,
      words: words.map((word) => ({
        word: word.text,
        start: word.fromWindow / WINDOWS_PER_SECOND,
        end: word.toWindow / WINDOWS_PER_SECOND,
        confidence: CONFIDENCE,
      })),
      text: words.map((word) => word.text).join(""),
      language: this.#language,
    };
  }
}
