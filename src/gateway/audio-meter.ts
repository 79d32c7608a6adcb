import { AppError } from "../kernel/errors.ts";
import type { AudioFormat } from "../relay/ports.ts";
import { bytesPerMs } from "../relay/timeline.ts";

/** No frame is larger, whatever its format. */
export const FRAME_BYTES_MAX = 65_536;

const FRAME_MS_MAX = 1000;

/** A shorter frame is charged as one of this length, so that a flood of tiny frames is a flood too. */
const FRAME_MS_MIN = 10;

/** Audio a client may send ahead of real time: what it kept while it connected, or a short file. */
const BURST_MS = 30_000;

/** Beyond the burst, audio may come this much faster than real time: clocks differ, and late audio catches up. */
const SPEED_MAX = 1.5;

/** Judges the frames of one connection: size, whole samples, and a rate that speech can have (R23). */
export class AudioMeter {
  readonly #bytesPerMs: number;
  readonly #bytesPerSample: number;
  readonly #bytesMax: number;
  #allowanceMs = BURST_MS;
  #checkedAtMs: number;

  constructor(format: AudioFormat, nowMs: number) {
    this.#bytesPerMs = bytesPerMs(format);
    this.#bytesPerSample = format.bitDepth / 8;
    this.#bytesMax = Math.min(FRAME_BYTES_MAX, this.#bytesPerMs * FRAME_MS_MAX);
    this.#checkedAtMs = nowMs;
  }

  /** What is wrong with a frame of this size at this moment, if anything. Called once for each frame. */
  judge(frameBytes: number, nowMs: number): AppError | undefined {
    if (frameBytes > this.#bytesMax) {
      return new AppError(
        "frame-too-large",
        `expected at most ${this.#bytesMax} bytes in a frame, got ${frameBytes}`,
      );
    }
    if (frameBytes === 0 || frameBytes % this.#bytesPerSample !== 0) {
      return new AppError(
        "frame-invalid",
        `expected whole samples of ${this.#bytesPerSample} bytes, got ${frameBytes} bytes`,
      );
    }
    const earnedMs = (nowMs - this.#checkedAtMs) * SPEED_MAX;
    this.#checkedAtMs = nowMs;
    this.#allowanceMs = Math.min(BURST_MS, this.#allowanceMs + earnedMs);
    this.#allowanceMs -= Math.max(FRAME_MS_MIN, frameBytes / this.#bytesPerMs);
    if (this.#allowanceMs >= 0) return undefined;
    return new AppError(
      "rate-exceeded",
      `expected at most ${SPEED_MAX} times real time after ${BURST_MS / 1000} s of burst`,
    );
  }
}
