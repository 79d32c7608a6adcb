import type { AudioEncoding } from "../../relay/recognition/audio-format.ts";

/**
 * One level per window. Ten milliseconds are a whole number of samples at every rate that the
 * provider takes.
 */
export const WINDOWS_PER_SECOND = 100;

/** The level of digital silence; quieter than any microphone. */
export const SILENCE_DECIBELS = -90;

/** Raw audio, in the words of the session's request. */
export interface MeteredAudio {
  readonly encoding: AudioEncoding;
  /** Read for wav/pcm only: the two laws are always 8-bit. */
  readonly bit_depth: 8 | 16 | 24 | 32;
  readonly sample_rate: number;
  /** Interleaved; the first one is measured. */
  readonly channels: number;
}

export interface LoudnessMeterDeps {
  /** One window's level in dB relative to full scale; in order, without gaps. */
  onWindow(decibels: number): void;
}

/**
 * Sums the squares of `count` samples, scaled to 16 bits: such sums are exact, so any chunking
 * gives equal levels.
 */
type SumSquares = (audio: DataView, offset: number, count: number, strideBytes: number) => number;

/** Turns bytes of audio, cut anywhere, even inside a sample, into one level per window. */
export class LoudnessMeter {
  readonly #deps: LoudnessMeterDeps;
  readonly #sumSquares: SumSquares;
  readonly #blockBytes: number;
  readonly #windowSamples: number;
  /** The beginning of a block whose end comes with the next bytes. */
  readonly #carry: Uint8Array;
  #carryBytes = 0;
  #sum = 0;
  #samples = 0;

  constructor(deps: LoudnessMeterDeps, audio: MeteredAudio) {
    this.#deps = deps;
    this.#sumSquares = createSum(audio);
    this.#blockBytes = bytesPerSecond(audio) / audio.sample_rate;
    this.#windowSamples = audio.sample_rate / WINDOWS_PER_SECOND;
    this.#carry = new Uint8Array(this.#blockBytes);
  }

  hear(bytes: Uint8Array): void {
    let offset = 0;
    if (this.#carryBytes > 0) {
      offset = Math.min(this.#blockBytes - this.#carryBytes, bytes.length);
      this.#keep(bytes.subarray(0, offset));
      if (this.#carryBytes < this.#blockBytes) return;
      this.#measure(this.#carry, 0, 1);
      this.#carryBytes = 0;
    }
    const blocks = Math.floor((bytes.length - offset) / this.#blockBytes);
    this.#measure(bytes, offset, blocks);
    const kept = offset + blocks * this.#blockBytes;
    if (kept < bytes.length) this.#keep(bytes.subarray(kept));
  }

  #keep(bytes: Uint8Array): void {
    this.#carry.set(bytes, this.#carryBytes);
    this.#carryBytes += bytes.length;
  }

  #measure(bytes: Uint8Array, from: number, blocks: number): void {
    const audio = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    let offset = from;
    let unmeasured = blocks;
    while (unmeasured > 0) {
      const count = Math.min(unmeasured, this.#windowSamples - this.#samples);
      this.#sum += this.#sumSquares(audio, offset, count, this.#blockBytes);
      this.#samples += count;
      offset += count * this.#blockBytes;
      unmeasured -= count;
      if (this.#samples === this.#windowSamples) this.#closeWindow();
    }
  }

  #closeWindow(): void {
    const power = this.#sum / this.#windowSamples / 32_768 ** 2;
    this.#sum = 0;
    this.#samples = 0;
    this.#deps.onWindow(power === 0 ? SILENCE_DECIBELS : 10 * Math.log10(power));
  }
}

export function bytesPerSecond(audio: MeteredAudio): number {
  const sampleBytes = audio.encoding === "wav/pcm" ? audio.bit_depth / 8 : 1;
  return sampleBytes * audio.channels * audio.sample_rate;
}

function createSum(audio: MeteredAudio): SumSquares {
  if (audio.encoding === "wav/alaw") return createTableSum(expandAlaw);
  if (audio.encoding === "wav/ulaw") return createTableSum(expandUlaw);
  if (audio.bit_depth === 8) return createTableSum((byte) => (byte - 128) * 256);
  // NOTE: little-endian, so the two bytes that count of a wider sample are its last two.
  return createWideSum(audio.bit_depth / 8 - 2);
}

function createWideSum(skippedBytes: number): SumSquares {
  return (audio, offset, count, strideBytes) => {
    let sum = 0;
    let at = offset + skippedBytes;
    for (let index = 0; index < count; index += 1) {
      const sample = audio.getInt16(at, true);
      sum += sample * sample;
      at += strideBytes;
    }
    return sum;
  };
}

function createTableSum(expand: (byte: number) => number): SumSquares {
  const squares = Float64Array.from({ length: 256 }, (_, byte) => expand(byte) ** 2);
  return (audio, offset, count, strideBytes) => {
    let sum = 0;
    for (let index = 0; index < count; index += 1) {
      sum += squares[audio.getUint8(offset + index * strideBytes)] ?? 0;
    }
    return sum;
  };
}

/** ITU-T G.711, without the sign: only the square is used. */
function expandUlaw(byte: number): number {
  const inverted = ~byte & 0xff;
  return ((((inverted & 0x0f) << 3) + 0x84) << ((inverted & 0x70) >> 4)) - 0x84;
}

function expandAlaw(byte: number): number {
  const toggled = byte ^ 0x55;
  const mantissa = (toggled & 0x0f) << 4;
  const exponent = (toggled & 0x70) >> 4;
  return exponent === 0 ? mantissa + 8 : (mantissa + 0x108) << (exponent - 1);
}
