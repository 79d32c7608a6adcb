import { OffsetMap } from "../kernel/offset-map.ts";
import { monotonicMs } from "../kernel/timers.ts";
import type { TranslatedUtterance, Transcript, Translation, Utterance } from "./ports.ts";
import { bytesPerMs, type AudioFormat } from "./recognition/audio-format.ts";

/** Tells the wall-clock time of a position in audio, as a `Timeline` does. */
export interface PositionClock {
  timeAt(positionSeconds: number): Date;
}

/**
 * A client that sends nothing for longer has paused. Shorter delays are the network's jitter, which the audio's own
 * position already smooths.
 */
const PAUSE_MS = 1000;

/** Pauses remembered; a provider session of three hours with more of them forgets the oldest. */
const PAUSES_MAX = 256;

/** Finals may come out of order, after the provider's socket broke: by a few, and never by so many. */
const SETTLED_MAX = 64;

/**
 * Maps positions in a stream's audio to wall-clock time (R14).
 *
 * The wall clock is looked at once, when the session begins: setting it moves no word of a session that goes on. The first
 * frame fixes the timeline; from there on time is counted in audio, so that jitter never moves a word. When the
 * client pauses, the position stands still while the wall clock goes on: the next frame fixes it anew. Audio that was
 * only late (a pause and then a burst that catches up) takes that back. Times never run backwards along positions, and
 * not behind what was told before that either: a final that came in the middle of such a burst keeps its time.
 */
export class Timeline implements PositionClock {
  readonly #bytesPerMs: number;
  readonly #epochMs: number;
  /** Positions of the audio and when they were said by `monotonicMs`, both in milliseconds: where the timeline was fixed. */
  readonly #spoken = new OffsetMap({ pointsMax: PAUSES_MAX });
  /** Positions where finals begin, and the times that they were told. */
  readonly #settled = new OffsetMap({ pointsMax: SETTLED_MAX });
  #positionMs = 0;

  /** `epochMs` is when `monotonicMs` was zero, in milliseconds since the epoch. */
  constructor(format: AudioFormat, epochMs = Date.now() - monotonicMs()) {
    this.#bytesPerMs = bytesPerMs(format);
    this.#epochMs = epochMs;
  }

  /**
   * Accounts for a frame handed to the provider, which arrived at this moment of `monotonicMs`. Called once per frame, in the
   * order of sending. Returns whether positions have other times than before from this frame on.
   */
  advance(frameBytes: number, arrivedAtMs: number): boolean {
    const durationMs = frameBytes / this.#bytesPerMs;
    const hasMoved = this.#adjust(arrivedAtMs - durationMs);
    this.#positionMs += durationMs;
    return hasMoved;
  }

  /** Where the next frame begins, in seconds. */
  get positionSeconds(): number {
    return this.#positionMs / 1000;
  }

  /** The wall-clock time of a position. Before any audio there is no answer but the present. */
  timeAt(positionSeconds: number): Date {
    const positionMs = positionSeconds * 1000;
    const spokenAtMs = this.#spoken.at(positionMs);
    const wallMs = this.#epochMs + Math.round(spokenAtMs ?? monotonicMs());
    if (spokenAtMs === undefined) return new Date(wallMs);
    const settled = this.#settled.pointAt(positionMs);
    if (settled === undefined) return new Date(wallMs);
    const [settledPositionMs, settledAtMs] = settled;
    if (settledPositionMs === positionMs) return new Date(settledAtMs);
    return new Date(Math.max(wallMs, settledAtMs + 1));
  }

  /** The time of this position is told for good: it stays, and every later position has a later one from now on. */
  settle(positionSeconds: number): void {
    const positionMs = positionSeconds * 1000;
    const latest = this.#settled.latest;
    if (latest !== undefined && latest[0] >= positionMs) return;
    this.#settled.note(positionMs, this.timeAt(positionSeconds).getTime());
  }

  #adjust(spokenAtMs: number): boolean {
    const expectedAtMs = this.#spoken.at(this.#positionMs);
    const aheadMs = expectedAtMs === undefined ? -Infinity : expectedAtMs - spokenAtMs;
    if (aheadMs < -PAUSE_MS) this.#spoken.note(this.#positionMs, spokenAtMs);
    else if (aheadMs > PAUSE_MS && this.#spoken.points.length > 1) this.#spoken.forgetLatest();
    else return false;
    return true;
  }
}

/** R4: a provider's own ids start at zero again in each of its sessions. */
export function toUtteranceKey(providerSessionId: string, localId: string): string {
  return `${providerSessionId}:${localId}`;
}

/** What was said, at the time at which it was said (R14). */
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
