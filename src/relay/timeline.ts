import type { AudioFormat } from "./ports.ts";

/** Audio that starts at `positionMs` of the stream was spoken at `wallMs` (milliseconds since the epoch). */
interface Anchor {
  readonly positionMs: number;
  readonly wallMs: number;
}

/**
 * A client that sends nothing for longer has paused. Shorter delays are the network's jitter, which the audio's own
 * position already smooths.
 */
const PAUSE_MS = 1000;

/** Pauses remembered; a provider session of three hours with more of them forgets the oldest. */
const ANCHORS_MAX = 256;

/**
 * Maps positions in a stream's audio to wall-clock time (R14).
 *
 * The first frame fixes the clock; from there on time is counted in audio, so that jitter never moves a word. When the
 * client pauses, the position stands still while the wall clock goes on: the next frame sets a new anchor. Audio that was
 * only late (a pause and then a burst that catches up) takes that anchor back. Times never run backwards along positions.
 */
export class Timeline {
  readonly #bytesPerMs: number;
  readonly #anchors: Anchor[] = [];
  #positionMs = 0;

  constructor(format: AudioFormat) {
    this.#bytesPerMs = bytesPerMs(format);
  }

  /** Accounts for a frame handed to the provider. Called once per frame, in the order of sending. */
  advance(frameBytes: number, arrivedAtMs: number): boolean {
    const durationMs = frameBytes / this.#bytesPerMs;
    const spokenAtMs = arrivedAtMs - durationMs;
    const hasMoved = this.#adjust(spokenAtMs);
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
    const anchor =
      this.#anchors.findLast((candidate) => candidate.positionMs <= positionMs) ?? this.#anchors[0];
    if (anchor === undefined) return new Date();
    return new Date(Math.round(anchor.wallMs + positionMs - anchor.positionMs));
  }

  #adjust(spokenAtMs: number): boolean {
    const latest = this.#anchors.at(-1);
    if (latest === undefined) {
      this.#addAnchor(spokenAtMs);
      return true;
    }
    const aheadMs = latest.wallMs + (this.#positionMs - latest.positionMs) - spokenAtMs;
    if (aheadMs < -PAUSE_MS) this.#addAnchor(spokenAtMs);
    else if (aheadMs > PAUSE_MS && this.#anchors.length > 1) this.#anchors.pop();
    else return false;
    return true;
  }

  #addAnchor(wallMs: number): void {
    this.#anchors.push({ positionMs: this.#positionMs, wallMs });
    if (this.#anchors.length > ANCHORS_MAX) this.#anchors.shift();
  }
}

/** A-law and µ-law carry one byte a sample, PCM its bit depth. */
export function bytesPerMs(format: AudioFormat): number {
  return (format.sampleRate * (format.bitDepth / 8)) / 1000;
}
