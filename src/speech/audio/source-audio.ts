import type { MemoryBudget } from "../../relay/memory-budget.ts";
import {
  bytesPerMs,
  bytesPerSample,
  type AudioFormat,
} from "../../relay/recognition/audio-format.ts";
import { AudioBacklog } from "./audio-backlog.ts";

/** A stretch of the source, in bytes. */
export interface AudioRange {
  readonly from: number;
  readonly to: number;
}

/** A provider session, as far as it has come with the source. Bytes and seconds count from the source's first byte. */
export interface Hearing {
  /** The provider has every byte before this one. */
  readonly acknowledged: number;
  /** The next byte to send. */
  readonly cursor: number;
  /** Where the utterance begins that is being spoken, in seconds, if one is known to be. */
  readonly speechSeconds: number | undefined;
}

export interface SourceAudioDeps {
  readonly memory: MemoryBudget;
  /** End of the last final, in seconds of the source. */
  readonly finals: { readonly end: number };
}

export interface SourceAudioOptions {
  readonly audio: AudioFormat;
  /** In milliseconds; older audio is dropped (R12). */
  readonly keptMs: number;
}

/** A final follows the acknowledgement of its audio by this much at most, in seconds: pipecat measured 1.5 s as p99. */
const FINAL_LAG_SECONDS = 3;

/** What is being sent just now; whoever has only this loses audio at every fault of the socket, but still gets captions. */
const KEPT_SECONDS_MIN = 1;

/**
 * A stream's audio, from its first byte: kept until the provider has acknowledged it and its utterance is final, so that it can
 * be sent again to the same provider session, or to a new one (R11).
 *
 * How far the provider is with it is told by the provider session that hears the source at present, or, until there is another
 * one, by the last.
 */
export class SourceAudio<Session extends Hearing> {
  readonly backlog: AudioBacklog;
  readonly bytesPerSecond: number;
  readonly bytesPerSample: number;
  readonly #finals: SourceAudioDeps["finals"];
  #hearing: Session | undefined;
  #last: Session | undefined;

  constructor({ memory, finals }: SourceAudioDeps, { audio, keptMs }: SourceAudioOptions) {
    this.#finals = finals;
    this.bytesPerSecond = bytesPerMs(audio) * 1000;
    this.bytesPerSample = bytesPerSample(audio);
    this.backlog = new AudioBacklog(memory, {
      bytesMax: keptMs * bytesPerMs(audio),
      bytesMin: KEPT_SECONDS_MIN * this.bytesPerSecond,
    });
  }

  /** Position after the last byte. */
  get end(): number {
    return this.backlog.end;
  }

  /** The provider session that hears the source, connected or not. */
  get hearing(): Session | undefined {
    return this.#hearing;
  }

  /** The provider has every byte of the source before this one. */
  get acknowledged(): number {
    return (this.#hearing ?? this.#last)?.acknowledged ?? 0;
  }

  /** The source goes on in this provider session. */
  changeTo(session: Session): void {
    this.#hearing = session;
  }

  /** The provider session is over, and no other one is there yet. */
  endHearing(): void {
    this.#last = this.#hearing;
    this.#hearing = undefined;
  }

  /**
   * Where a new provider session begins so that no word is missing, at a whole sample, kept or not: with the utterance that is
   * being spoken, or, where none is known, a little before the last acknowledgement, because its final may be on its way; but
   * never before the end of the last final, which acknowledges its audio too.
   */
  get replayStart(): number {
    // A provider may place the end of a final behind all audio that there is.
    const finalSeconds = Math.min(this.#finals.end, this.end / this.bytesPerSecond);
    const acknowledgedSeconds = Math.max(this.acknowledged / this.bytesPerSecond, finalSeconds);
    const { speechSeconds } = this.#hearing ?? this.#last ?? {};
    const unheardSeconds = speechSeconds ?? acknowledgedSeconds - FINAL_LAG_SECONDS;
    const seconds = Math.min(Math.max(unheardSeconds, finalSeconds, 0), acknowledgedSeconds);
    const samples = Math.floor((seconds * this.bytesPerSecond) / this.bytesPerSample);
    return samples * this.bytesPerSample;
  }

  /**
   * Lets go of what no provider session will need: a new one begins at `replayStart`, and the present one, whose socket may
   * break, where its acknowledgements end.
   */
  release(): void {
    this.backlog.release(Math.min(this.replayStart, this.acknowledged));
  }

  /** What the provider does not have. */
  get unheard(): AudioRange {
    return { from: this.acknowledged, to: this.end };
  }

  /** R12: audio that was dropped is lost once it would have to be sent: until then the provider may have heard it. */
  findLoss(): AudioRange | undefined {
    const from = Math.max(this.#hearing?.cursor ?? 0, this.#last?.acknowledged ?? 0);
    const to = this.backlog.start;
    return from < to ? { from, to } : undefined;
  }
}
