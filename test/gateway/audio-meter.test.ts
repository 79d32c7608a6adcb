import { describe, expect, test } from "bun:test";
import { AudioMeter } from "../../src/gateway/audio-meter.ts";
import type { AudioFormat } from "../../src/relay/ports.ts";
import { bytesPerMs } from "../../src/relay/timeline.ts";

const PCM16K: AudioFormat = { encoding: "wav/pcm", sampleRate: 16_000, bitDepth: 16 };
const PCM48K: AudioFormat = { encoding: "wav/pcm", sampleRate: 48_000, bitDepth: 16 };
const ULAW8K: AudioFormat = { encoding: "wav/ulaw", sampleRate: 8000, bitDepth: 8 };

const judge = (format: AudioFormat, frameBytes: number) =>
  new AudioMeter(format, 0).judge(frameBytes, 0)?.code;

describe("the size of a frame", () => {
  test.each([
    ["one second of 16 kHz", PCM16K, 32_000],
    ["64 KiB, which 48 kHz reaches before the second is full", PCM48K, 65_536],
    ["one second of µ-law", ULAW8K, 8000],
  ] as const)("is at most %s", (_, format, bytesMax) => {
    expect(judge(format, bytesMax)).toBeUndefined();
    expect(judge(format, bytesMax + 2)).toBe("frame-too-large");
  });

  test("is a number of whole samples, and not zero", () => {
    expect(judge(PCM16K, 2)).toBeUndefined();
    expect(judge(PCM16K, 3)).toBe("frame-invalid");
    expect(judge(PCM16K, 0)).toBe("frame-invalid");
    expect(judge(ULAW8K, 3)).toBeUndefined();
    expect(judge(ULAW8K, 0)).toBe("frame-invalid");
  });
});

/** Sends frames of one length at one speed; says after how many seconds the meter objects. */
function secondsUntilRefused(frameMs: number, speed: number, atMostSeconds: number): number {
  const meter = new AudioMeter(PCM16K, 0);
  for (let now = 0; now < atMostSeconds * 1000; now += frameMs / speed) {
    const problem = meter.judge(frameMs * bytesPerMs(PCM16K), now);
    if (problem === undefined) continue;
    expect(problem.code).toBe("rate-exceeded");
    return now / 1000;
  }
  return Number.POSITIVE_INFINITY;
}

describe("[R23] the rate of audio", () => {
  test("is that of speech, or half as much again, for as long as one likes", () => {
    expect(secondsUntilRefused(100, 1, 3600)).toBe(Number.POSITIVE_INFINITY);
    expect(secondsUntilRefused(100, 1.5, 3600)).toBe(Number.POSITIVE_INFINITY);
  });

  test("may be higher for half a minute's worth of audio", () => {
    // Twice real time spends half a second of the burst each second.
    expect(secondsUntilRefused(100, 2, 120)).toBeCloseTo(60, 0);
    expect(secondsUntilRefused(1000, 1_000_000, 1)).toBeLessThan(0.1);
  });

  test("is charged ten milliseconds for every frame, however short", () => {
    expect(secondsUntilRefused(1, 1, 3600)).toBeLessThan(10);
    expect(secondsUntilRefused(10, 1, 3600)).toBe(Number.POSITIVE_INFINITY);
  });

  test("recovers while nothing is sent", () => {
    const meter = new AudioMeter(PCM16K, 0);
    const second = () => 1000 * bytesPerMs(PCM16K);
    for (let count = 0; count < 30; count += 1) expect(meter.judge(second(), 0)).toBeUndefined();
    expect(meter.judge(second(), 20_000)).toBeUndefined();
    // The burst is full again, and not more than full.
    for (let count = 0; count < 30; count += 1) {
      expect(meter.judge(second(), 3_600_000)).toBeUndefined();
    }
    expect(meter.judge(second(), 3_600_000)?.code).toBe("rate-exceeded");
  });
});
