import { bytesPerSecond, type MeteredAudio } from "../hearing/loudness-meter.ts";
import type { AudioChunkAcknowledgment } from "../wire/messages.ts";

export interface AudioIntakeOptions {
  /** The provider's two descriptions disagree on whether a byte range holds its end. */
  readonly rangeEnd: "exclusive" | "inclusive";
  /** Keeps every byte for `received`; for tests, because nothing bounds it. */
  readonly recordAudio: boolean;
}

/** What a session heard, for a test that compares it with what was sent. */
export interface ReceivedAudio {
  /** Over all sockets, in order; what was sent twice stands here twice. */
  readonly audio: Uint8Array;
  /** For each socket, the bytes that had been heard when it opened. */
  readonly socketOffsets: readonly number[];
}

/** Counts the audio of one session over all its sockets, and acknowledges it. */
export class AudioIntake {
  readonly #options: AudioIntakeOptions;
  readonly #bytesPerSecond: number;
  readonly #chunks: Uint8Array[] = [];
  readonly #socketOffsets: number[] = [];
  #byteCount = 0;

  constructor(options: AudioIntakeOptions, audio: MeteredAudio) {
    this.#options = options;
    this.#bytesPerSecond = bytesPerSecond(audio);
  }

  get byteCount(): number {
    return this.#byteCount;
  }

  get seconds(): number {
    return this.#byteCount / this.#bytesPerSecond;
  }

  /** Undefined unless audio is recorded. */
  get received(): ReceivedAudio | undefined {
    if (!this.#options.recordAudio) return undefined;
    return { audio: Buffer.concat(this.#chunks), socketOffsets: this.#socketOffsets };
  }

  beginSocket(): void {
    if (this.#options.recordAudio) this.#socketOffsets.push(this.#byteCount);
  }

  /** Counts a chunk, which may be empty, and returns what the client is told of it. */
  take(audio: Uint8Array): AudioChunkAcknowledgment {
    const { recordAudio, rangeEnd } = this.#options;
    const [from, fromSeconds] = [this.#byteCount, this.seconds];
    this.#byteCount += audio.length;
    // The server uses its buffers again.
    if (recordAudio) this.#chunks.push(Uint8Array.from(audio));
    const to = rangeEnd === "inclusive" ? Math.max(from, this.#byteCount - 1) : this.#byteCount;
    return {
      type: "audio_chunk",
      acknowledged: true,
      error: null,
      data: { byte_range: [from, to], time_range: [fromSeconds, this.seconds] },
    };
  }
}
