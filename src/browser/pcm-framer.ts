/** What the gateway expects where the socket's query names no rate. */
export const SAMPLE_RATE = 16_000;

/** 100 ms: short enough for live captions, long enough that a frame's overhead does not count. */
const FRAME_SAMPLES = 1600;

/**
 * Turns a microphone's samples into frames of PCM16 little-endian mono, 16 kHz, 100 ms each.
 *
 * Samples of another rate are interpolated between neighbours, across calls without a seam. There is no low-pass filter:
 * a speech model does not mind what little of a voice lies above 8 kHz.
 */
export class PcmFramer {
  readonly #step: number;
  readonly #onFrame: (frame: ArrayBuffer) => void;
  #frame = new DataView(new ArrayBuffer(FRAME_SAMPLES * 2));
  #frameSamples = 0;
  /** Where the next output sample lies, in input samples; 0 is the first sample of the coming block. */
  #position = 0;
  #previous = 0;

  /** Each frame is given away: its buffer is not used again here. */
  constructor(inputRate: number, onFrame: (frame: ArrayBuffer) => void) {
    this.#step = inputRate / SAMPLE_RATE;
    this.#onFrame = onFrame;
  }

  push(block: Float32Array): void {
    // A sample between the last block's end and this one's start has a negative position.
    while (this.#position <= block.length - 1) {
      const index = Math.floor(this.#position);
      const before = index < 0 ? this.#previous : (block[index] ?? 0);
      const after = block[index + 1] ?? before;
      this.#append(before + (after - before) * (this.#position - index));
      this.#position += this.#step;
    }
    this.#position -= block.length;
    this.#previous = block.at(-1) ?? this.#previous;
  }

  /** Fills the last frame up with silence. */
  finish(): void {
    while (this.#frameSamples > 0) this.#append(0);
  }

  #append(sample: number): void {
    const clipped = Math.max(-1, Math.min(1, sample));
    this.#frame.setInt16(this.#frameSamples * 2, Math.round(clipped * 32_767), true);
    this.#frameSamples += 1;
    if (this.#frameSamples < FRAME_SAMPLES) return;
    const frame = this.#frame.buffer;
    this.#frame = new DataView(new ArrayBuffer(FRAME_SAMPLES * 2));
    this.#frameSamples = 0;
    this.#onFrame(frame);
  }
}
