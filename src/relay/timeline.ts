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

/** Finals may come out of order, after the provider's link broke: by a few, and never by so many. */
const SETTLED_MAX = 64;

/**
 * Maps positions in a stream's audio to wall-clock time (R14).
 *
 * The first frame fixes the clock; from there on time is counted in audio, so that jitter never moves a word. When the
 * client pauses, the position stands still while the wall clock goes on: the next frame sets a new anchor. Audio that was
 * only late (a pause and then a burst that catches up) takes that anchor back. Times never run backwards along positions, and
 * not behind what was told before that either: a final that came in the middle of such a burst keeps its time.
 */
export class Timeline {
  readonly #bytesPerMs: number;
  readonly #anchors: Anchor[] = [];
  /** Where finals begin, and the times that they were told, in ascending order of both. */
  readonly #settled: Anchor[] = [];
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
    const wallMs = Math.round(anchor.wallMs + positionMs - anchor.positionMs);
    const settled = this.#settled.findLast((candidate) => candidate.positionMs <= positionMs);
    if (settled === undefined) return new Date(wallMs);
    if (settled.positionMs === positionMs) return new Date(settled.wallMs);
    return new Date(Math.max(wallMs, settled.wallMs + 1));
  }

  /** The time of this position is told for good: it stays, and every later position has a later one from now on. */
  settle(positionSeconds: number): void {
    const positionMs = positionSeconds * 1000;
    const latest = this.#settled.at(-1);
    if (latest !== undefined && latest.positionMs >= positionMs) return;
    this.#settled.push({ positionMs, wallMs: this.timeAt(positionSeconds).getTime() });
    if (this.#settled.length > SETTLED_MAX) this.#settled.shift();
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
