import {
  type AudioEncoding,
  type AudioFormat,
  bytesPerMs,
  bytesPerSample,
} from "../recognition/audio-format.ts";
import type { RecognitionOptions } from "../recognition/recognition-options.ts";

/** All in milliseconds. */
export interface SilenceLimits {
  /** A client that sends nothing for this long has paused, and its utterance is brought to an end. */
  readonly quietMs: number;
  /** Silence as long as the chosen endpointing, and so much more, closes an utterance for sure. */
  readonly closingMs: number;
  /** From then on a little silence is sent this often, before the provider drops a quiet socket (R13). */
  readonly keepaliveMs: number;
}

/** What keeps a socket alive need not be longer. */
const KEEPALIVE_FRAME_MS = 100;

/** Zero volts, as each encoding writes it (ITU-T G.711 for the companded ones). */
const SILENT_BYTES: Readonly<Record<AudioEncoding, number>> = {
  "wav/pcm": 0,
  "wav/alaw": 0xd5,
  "wav/ulaw": 0xff,
};

/** Knows when a quiet client's stream needs silence, and how much (R13). */
export class SilenceFiller {
  readonly #format: AudioFormat;
  readonly #limits: SilenceLimits;
  readonly #closingMs: number;
  readonly #quietMs: number;
  #audioAtMs: number | undefined;
  #filledAtMs: number | undefined;

  constructor({ audio, endpointingSeconds }: RecognitionOptions, limits: SilenceLimits) {
    this.#format = audio;
    this.#limits = limits;
    this.#closingMs = endpointingSeconds * 1000 + limits.closingMs;
    // R14: silence that is longer than the pause would put all later words ahead of the clock.
    this.#quietMs = Math.max(limits.quietMs, this.#closingMs);
  }

  noteAudio(nowMs: number): void {
    this.#audioAtMs = nowMs;
    this.#filledAtMs = undefined;
  }

  /** The silence to send now, if any. Taking it counts as sending it. */
  frameDueAt(nowMs: number): Uint8Array | undefined {
    // A client that has not begun is quiet from the first look on.
    this.#audioAtMs ??= nowMs;
    const { keepaliveMs } = this.#limits;
    if (this.#filledAtMs === undefined) {
      if (nowMs - this.#audioAtMs < this.#quietMs) return undefined;
      this.#filledAtMs = nowMs;
      return this.#createSilence(this.#closingMs);
    }
    if (nowMs - this.#filledAtMs < keepaliveMs) return undefined;
    this.#filledAtMs = nowMs;
    return this.#createSilence(KEEPALIVE_FRAME_MS);
  }

  #createSilence(durationMs: number): Uint8Array {
    const sampleBytes = bytesPerSample(this.#format);
    const samples = Math.round((durationMs * bytesPerMs(this.#format)) / sampleBytes);
    return new Uint8Array(samples * sampleBytes).fill(SILENT_BYTES[this.#format.encoding]);
  }
}
