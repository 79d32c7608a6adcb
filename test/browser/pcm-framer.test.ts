import { expect, test } from "bun:test";
import { PcmFramer } from "../../src/browser/pcm-framer.ts";

/** What comes out of `samples`, handed over in blocks of 128 as a worklet does. */
function frame(
  inputRate: number,
  samples: Float32Array,
): { frames: Int16Array[]; rest: Int16Array[] } {
  const frames: Int16Array[] = [];
  const framer = new PcmFramer(inputRate, (buffer) => frames.push(new Int16Array(buffer)));
  for (let start = 0; start < samples.length; start += 128) {
    framer.push(samples.subarray(start, start + 128));
  }
  const count = frames.length;
  framer.finish();
  return { frames: frames.slice(0, count), rest: frames.slice(count) };
}

function createTone(rate: number, seconds: number, hertz: number): Float32Array {
  return Float32Array.from({ length: Math.round(rate * seconds) }, (_, index) =>
    Math.sin((2 * Math.PI * hertz * index) / rate),
  );
}

test("passes samples of the right rate through, in frames of 3200 bytes", () => {
  const samples = Float32Array.from({ length: 3200 }, (_, index) => (index % 200) / 200);
  const { frames, rest } = frame(16_000, samples);
  expect(frames.map(({ byteLength }) => byteLength)).toEqual([3200, 3200]);
  expect(rest).toEqual([]);
  expect([...frames[1]!]).toEqual(
    Array.from({ length: 1600 }, (_, index) => Math.round(((index % 200) / 200) * 32_767)),
  );
});

test("clips what is louder than full scale instead of wrapping it round", () => {
  const { rest } = frame(16_000, Float32Array.of(2, -2, 1, -1));
  expect([...rest[0]!.subarray(0, 5)]).toEqual([32_767, -32_767, 32_767, -32_767, 0]);
});

test("fills the last frame up with silence", () => {
  const { frames, rest } = frame(16_000, new Float32Array(1601).fill(0.5));
  expect(frames).toHaveLength(1);
  expect(rest).toHaveLength(1);
  expect(rest[0]!.filter((sample) => sample !== 0)).toHaveLength(1);
});

for (const inputRate of [8000, 44_100, 48_000, 96_000]) {
  test(`turns ${inputRate} Hz into the same tone at 16 kHz, without a seam between blocks`, () => {
    const { frames, rest } = frame(inputRate, createTone(inputRate, 1, 440));
    const got = [...frames, ...rest].flatMap((samples) => [...samples]);
    expect(frames.length + rest.length).toBe(10);
    const wanted = createTone(16_000, 0.99, 440);
    for (const [index, sample] of wanted.entries()) {
      expect(Math.abs(got[index]! / 32_767 - sample)).toBeLessThan(0.02);
    }
  });
}
