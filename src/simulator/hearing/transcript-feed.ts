import { after, type RunningTimer } from "../../kernel/timers.ts";
import type { TranslationCode } from "../../relay/recognition/language-codes.ts";
import type { Overlap } from "../faults/overlap.ts";
import type { Poison } from "../faults/poison.ts";
import type { MessageBody, TranscribedUtterance, Transcription } from "../wire/messages.ts";
import type { SessionRequest } from "../wire/session-request.ts";
import type { Recording } from "./recording.ts";
import { Transcriber } from "./transcriber.ts";
import { translate } from "./translator.ts";

export interface TranscriptFeedDeps {
  readonly recording: Recording;
  readonly poison: Poison;
  readonly overlap: Overlap;
  emit(message: MessageBody): void;
}

export interface TranscriptFeedOptions {
  readonly request: SessionRequest;
  /** From the end of an utterance to its final. */
  readonly finalDelayMs: number;
  /** Characters; a final that is shorter goes on in dots. */
  readonly finalLengthMin: number;
}

/**
 * Audio of one session in, the messages about its speech out: numbered, and the finals as late as
 * asked for.
 */
export class TranscriptFeed {
  readonly #deps: TranscriptFeedDeps;
  readonly #finalDelayMs: number;
  readonly #finalLengthMin: number;
  readonly #targets: readonly TranslationCode[];
  readonly #transcriber: Transcriber;
  readonly #timers = new Set<RunningTimer>();
  readonly #finals: TranscribedUtterance[] = [];
  #utteranceCount = 0;
  /** The provider's own id of the utterance that is being spoken, once it has words. */
  #localId: string | undefined;

  constructor(deps: TranscriptFeedDeps, options: TranscriptFeedOptions) {
    this.#deps = deps;
    this.#finalDelayMs = options.finalDelayMs;
    this.#finalLengthMin = options.finalLengthMin;
    const { translation, translation_config: config } = options.request.realtime_processing;
    this.#targets = translation ? (config?.target_languages ?? []) : [];
    this.#transcriber = new Transcriber(
      {
        recording: deps.recording,
        onSpeechStart: (time) => deps.emit({ type: "speech_start", data: { time, channel: 0 } }),
        onSpeechEnd: (time) => deps.emit({ type: "speech_end", data: { time, channel: 0 } }),
        onPartial: (utterance) => this.#emitTranscript(this.#currentLocalId(), false, utterance),
        onFinal: (utterance) => this.#scheduleFinal(utterance),
      },
      options.request,
    );
  }

  /** Of the finals so far. */
  get transcription(): Transcription {
    return {
      full_transcript: this.#finals.map((utterance) => utterance.text.trim()).join(" "),
      languages: [...new Set(this.#finals.map((utterance) => utterance.language))],
      utterances: this.#finals,
    };
  }

  hear(audio: Uint8Array): void {
    this.#transcriber.hear(audio);
  }

  /** No more audio. `onFinished` comes after the last final, never after `stop`. */
  finish(onFinished: () => void): void {
    this.#transcriber.finish();
    this.#afterFinalDelay(onFinished);
  }

  /** Finals that are still due never come. */
  stop(): void {
    for (const timer of this.#timers) timer.stop();
    this.#timers.clear();
  }

  #scheduleFinal(utterance: TranscribedUtterance): void {
    const id = this.#currentLocalId();
    this.#localId = undefined;
    this.#afterFinalDelay(() => {
      const text = utterance.text.padEnd(this.#finalLengthMin, " …");
      const final = this.#deps.poison.apply({ ...utterance, text });
      this.#emitFinal(id, final);
      const follower = this.#deps.overlap.followerOf(final);
      if (follower !== undefined) this.#emitFinal(this.#nextLocalId(), follower);
    });
  }

  #emitFinal(id: string, final: TranscribedUtterance): void {
    this.#finals.push(final);
    this.#emitTranscript(id, true, final);
    for (const target of this.#targets) this.#deps.emit(translate(id, final, target));
  }

  /**
   * Timers of one delay fire in the order of their making: finals stay in order, and the end comes
   * after them.
   */
  #afterFinalDelay(act: () => void): void {
    if (this.#finalDelayMs === 0) {
      act();
      return;
    }
    const timer = after(this.#finalDelayMs, () => {
      this.#timers.delete(timer);
      act();
    });
    this.#timers.add(timer);
  }

  #emitTranscript(id: string, isFinal: boolean, utterance: TranscribedUtterance): void {
    this.#deps.emit({ type: "transcript", data: { id, is_final: isFinal, utterance } });
  }

  #currentLocalId(): string {
    this.#localId ??= this.#nextLocalId();
    return this.#localId;
  }

  /** Two digits of channel, eight of a count that begins at zero in every session. */
  #nextLocalId(): string {
    const id = `00_${String(this.#utteranceCount).padStart(8, "0")}`;
    this.#utteranceCount += 1;
    return id;
  }
}
