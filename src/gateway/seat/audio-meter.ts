import { AppError } from "../../kernel/errors.ts";
import { TokenBucket } from "../../kernel/token-bucket.ts";
import {
  FRAME_BYTES_MAX,
  bytesPerMs,
  bytesPerSample,
  type AudioFormat,
} from "../../relay/recognition/audio-format.ts";

const FRAME_MS_MAX = 1000;

/** A shorter frame is charged as one of this length, so that a flood of tiny frames is a flood too. */
const FRAME_MS_MIN = 10;

/** Audio a client may send ahead of real time: what it kept while it connected, or a short file. */
const BURST_MS = 30_000;

/** Beyond the burst, audio may come this much faster than real time: clocks differ, and late audio catches up. */
const SPEED_MAX = 1.5;

/** A client with less of its burst left is warned: at twice real time it has twenty seconds to slow down. */
const WARN_BELOW_MS = 10_000;

/** It is warned again only after it has had more than this: one warning for each time that it runs ahead. */
const WARN_AGAIN_ABOVE_MS = 20_000;

/** What becomes of a frame. With "warn" it is accepted as well. */
export type AudioVerdict =
  | { readonly kind: "ok" }
  /** The client sends too fast: so much audio, in milliseconds, may still come ahead of real time. */
  | { readonly kind: "warn"; readonly allowanceMs: number }
  | { readonly kind: "refused"; readonly failure: AppError };

/** One for all frames: the usual answer costs no allocation. */
const OK: AudioVerdict = { kind: "ok" };

/** What one byte costs. The bucket counts in thousandths of a byte, so that a millisecond of every format is a whole number. */
const BYTE = 1000;

/**
 * Judges the frames of one session: size, whole samples, and a rate that speech can have (R23).
 *
 * It lives as long as the session, over all of its sockets: a client that comes back brings its debts with it. What it could
 * not send for a while is no haste afterwards (`excuse`). The usual frame allocates nothing.
 */
export class AudioMeter {
  readonly #bytesPerMs: number;
  readonly #bytesPerSample: number;
  readonly #bytesMax: number;
  /** What a millisecond of audio costs. */
  readonly #millisecond: number;
  readonly #bucket: TokenBucket;
  #isWarned = false;
  /** What may come beyond the burst, in the bucket's units; it is spent first. */
  #excused = 0;
  /** The whole allowance after the last accepted frame. */
  #lastAllowanceMs = BURST_MS;
  #receivedBytes = 0;
  #lastAudioAtMs: number;

  constructor(format: AudioFormat, nowMs: number) {
    this.#bytesPerMs = bytesPerMs(format);
    this.#bytesPerSample = bytesPerSample(format);
    this.#bytesMax = Math.min(FRAME_BYTES_MAX, this.#bytesPerMs * FRAME_MS_MAX);
    this.#millisecond = format.sampleRate * this.#bytesPerSample;
    this.#bucket = new TokenBucket({
      capacity: BURST_MS * this.#millisecond,
      // Every sample rate is even: half of it is a whole number too.
      earnedPerMs: SPEED_MAX * this.#millisecond,
    });
    this.#lastAudioAtMs = nowMs;
  }

  /** The length of all accepted frames. A client that comes back sends its audio from there on. */
  get receivedMs(): number {
    return this.#receivedBytes / this.#bytesPerMs;
  }

  /** When the last accepted frame came; before any, when the meter was made. */
  get lastAudioAtMs(): number {
    return this.#lastAudioAtMs;
  }

  /** What becomes of a frame of this size at this moment. Called once for each frame. */
  judge(frameBytes: number, nowMs: number): AudioVerdict {
    if (frameBytes > this.#bytesMax) {
      const problem = `expected at most ${this.#bytesMax} bytes in a frame, got ${frameBytes}`;
      return { kind: "refused", failure: new AppError("frame-too-large", problem) };
    }
    if (frameBytes === 0 || frameBytes % this.#bytesPerSample !== 0) {
      const problem = `expected whole samples of ${this.#bytesPerSample} bytes, got ${frameBytes} bytes`;
      return { kind: "refused", failure: new AppError("frame-invalid", problem) };
    }
    if (this.#allowanceMsAt(nowMs) > WARN_AGAIN_ABOVE_MS) this.#isWarned = false;
    const cost = Math.max(FRAME_MS_MIN * this.#millisecond, frameBytes * BYTE);
    if (!this.#take(cost, nowMs)) {
      const problem = `expected at most ${SPEED_MAX} times real time after ${BURST_MS / 1000} s of burst`;
      return { kind: "refused", failure: new AppError("rate-exceeded", problem) };
    }
    this.#receivedBytes += frameBytes;
    this.#lastAudioAtMs = nowMs;
    const allowanceMs = this.#allowanceMsAt(nowMs);
    this.#lastAllowanceMs = allowanceMs;
    if (allowanceMs >= WARN_BELOW_MS || this.#isWarned) return OK;
    this.#isWarned = true;
    return { kind: "warn", allowanceMs: Math.floor(allowanceMs) };
  }

  /**
   * Nothing could come for so long, until this moment: the client owes it, and may send it at once, beside its burst. It is
   * allowed no more than it has earned since its last frame, so that nobody gains speed by going and coming back.
   */
  excuse(silentMs: number, nowMs: number): void {
    const earnedMs = this.#lastAllowanceMs + SPEED_MAX * (nowMs - this.#lastAudioAtMs);
    const burstMs = this.#bucket.availableAt(nowMs) / this.#millisecond;
    const excusedMs = Math.floor(Math.min(silentMs, earnedMs - burstMs));
    this.#excused = Math.max(this.#excused, excusedMs * this.#millisecond);
  }

  /** The process paused for so long: that is no silence of the client's. */
  forgivePause(pausedMs: number, nowMs: number): void {
    this.excuse(pausedMs, nowMs);
    this.#lastAllowanceMs = this.#allowanceMsAt(nowMs);
    this.#lastAudioAtMs = Math.min(this.#lastAudioAtMs + pausedMs, nowMs);
  }

  #take(cost: number, nowMs: number): boolean {
    if (this.#excused < cost) return this.#bucket.take(cost, nowMs) === 0;
    this.#excused -= cost;
    return true;
  }

  /** Audio that may come at once. */
  #allowanceMsAt(nowMs: number): number {
    return (this.#bucket.availableAt(nowMs) + this.#excused) / this.#millisecond;
  }
}
