import { expect, test } from "bun:test";
import {
  bytesPerSecond,
  LoudnessMeter,
  SILENCE_DECIBELS,
  type MeteredAudio,
} from "../../../src/simulator/hearing/loudness-meter.ts";
import { chooseSeed } from "../../support/probes/seeded-random.ts";
import { chunksOf, createRandom, createTone, toPcm16 } from "../../support/probes/tones.ts";

const PCM16: MeteredAudio = {
  encoding: "wav/pcm",
  bit_depth: 16,
  sample_rate: 16_000,
  channels: 1,
};

function measure(audio: MeteredAudio, chunks: Iterable<Uint8Array>): number[] {
  const levels: number[] = [];
  const meter = new LoudnessMeter({ onWindow: (decibels) => levels.push(decibels) }, audio);
  for (const chunk of chunks) meter.hear(chunk);
  return levels;
}

function encode(
  samples: Float64Array,
  sampleBytes: number,
  write: (view: DataView, offset: number, sample: number) => void,
): Uint8Array {
  const view = new DataView(new ArrayBuffer(samples.length * sampleBytes));
  samples.forEach((sample, index) => write(view, index * sampleBytes, sample));
  return new Uint8Array(view.buffer);
}

/** G.711 by its continuous formulas: what the tables of an encoder approximate. */
function compand(sample: number, law: "alaw" | "ulaw"): number {
  const size = Math.abs(sample);
  if (law === "ulaw") {
    const code = Math.round((127 * Math.log(1 + 255 * size)) / Math.log(256));
    return ~((sample < 0 ? 0x80 : 0) | code) & 0xff;
  }
  const A = 87.6;
  const scaled = size < 1 / A ? A * size : 1 + Math.log(A * size);
  const code = Math.round((127 * scaled) / (1 + Math.log(A)));
  return ((sample < 0 ? 0 : 0x80) | code) ^ 0x55;
}

const TONE = createTone([{ seconds: 0.5, amplitude: 0.5 }]);
/** Half of full scale, as the root of its mean square: 20·log10(0.5/√2). */
const TONE_DECIBELS = -9.03;

test.each<[string, Partial<MeteredAudio>, Uint8Array]>([
  ["8-bit", { bit_depth: 8 }, encode(TONE, 1, (v, at, s) => v.setUint8(at, 128 + s * 127))],
  ["16-bit", { bit_depth: 16 }, toPcm16(TONE)],
  [
    "24-bit",
    { bit_depth: 24 },
    encode(TONE, 3, (v, at, s) => {
      const value = Math.round(s * 8_388_607);
      v.setUint8(at, value & 0xff);
      v.setInt16(at + 1, value >> 8, true);
    }),
  ],
  ["32-bit", { bit_depth: 32 }, encode(TONE, 4, (v, at, s) => v.setInt32(at, s * 2 ** 31, true))],
  [
    "µ-law",
    { encoding: "wav/ulaw" },
    encode(TONE, 1, (v, at, s) => v.setUint8(at, compand(s, "ulaw"))),
  ],
  [
    "A-law",
    { encoding: "wav/alaw" },
    encode(TONE, 1, (v, at, s) => v.setUint8(at, compand(s, "alaw"))),
  ],
])("%s audio is as loud as it was spoken", (_name, shape, bytes) => {
  const levels = measure({ ...PCM16, ...shape }, [bytes]);
  expect(levels).toHaveLength(50);
  // The laws are stepwise approximations of their formulas, and eight bits are coarse.
  for (const level of levels) expect(Math.abs(level - TONE_DECIBELS)).toBeLessThan(0.5);
});

test.each([8000, 16_000, 32_000, 44_100, 48_000])("a window lasts 10 ms at %i Hz", (sampleRate) => {
  const tone = createTone([{ seconds: 1, amplitude: 0.5 }], sampleRate);
  const levels = measure({ ...PCM16, sample_rate: sampleRate }, [toPcm16(tone)]);
  expect(levels).toHaveLength(100);
});

test("silence has the lowest level", () => {
  expect(measure(PCM16, [new Uint8Array(320)])).toEqual([SILENCE_DECIBELS]);
});

test("of several channels the first is measured", () => {
  const mono = toPcm16(TONE);
  const stereo = new Uint8Array(mono.length * 2).fill(0x7f);
  for (let at = 0; at < mono.length; at += 2) stereo.set(mono.subarray(at, at + 2), at * 2);
  expect(measure({ ...PCM16, channels: 2 }, [stereo])).toEqual(measure(PCM16, [mono]));
});

const SEED = chooseSeed();

test(`levels do not depend on where the bytes were cut (seed ${SEED})`, () => {
  const random = createRandom(SEED);
  const bytes = Uint8Array.from({ length: 48_000 }, () => Math.floor(random() * 256));
  for (const shape of [
    PCM16,
    { ...PCM16, bit_depth: 24 } as const,
    { ...PCM16, bit_depth: 32, channels: 3 } as const,
    { ...PCM16, encoding: "wav/ulaw" } as const,
  ]) {
    expect(measure(shape, chunksOf(bytes, random))).toEqual(measure(shape, [bytes]));
    const single = Array.from(bytes.subarray(0, 4000), (_, at) => bytes.subarray(at, at + 1));
    expect(measure(shape, single)).toEqual(measure(shape, [bytes.subarray(0, 4000)]));
  }
});

test("bytes per second count all channels, and one byte a sample for the two laws", () => {
  expect(bytesPerSecond({ ...PCM16, channels: 2 })).toBe(64_000);
  expect(bytesPerSecond({ ...PCM16, encoding: "wav/alaw", sample_rate: 8000 })).toBe(8000);
});
