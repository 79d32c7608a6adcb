import { describe, expect, test } from "bun:test";
import { AudioMeter, type AudioVerdict } from "../../../src/gateway/seat/audio-meter.ts";
import { type AudioFormat, bytesPerMs } from "../../../src/relay/recognition/audio-format.ts";

const PCM16K: AudioFormat = { encoding: "wav/pcm", sampleRate: 16_000, bitDepth: 16 };
const PCM48K: AudioFormat = { encoding: "wav/pcm", sampleRate: 48_000, bitDepth: 16 };
const PCM44K: AudioFormat = { encoding: "wav/pcm", sampleRate: 44_100, bitDepth: 16 };
const ULAW8K: AudioFormat = { encoding: "wav/ulaw", sampleRate: 8000, bitDepth: 8 };

/** One second of 16 kHz PCM. */
const SECOND = 1000 * bytesPerMs(PCM16K);

/** The failure of a refused frame. */
const codeOf = (verdict: AudioVerdict) =>
  verdict.kind === "refused" ? verdict.failure.code : undefined;

const judge = (format: AudioFormat, frameBytes: number) =>
  codeOf(new AudioMeter(format, 0).judge(frameBytes, 0));

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
    const code = codeOf(meter.judge(frameMs * bytesPerMs(PCM16K), now));
    if (code === undefined) continue;
    expect(code).toBe("rate-exceeded");
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
    const send = (nowMs: number) => codeOf(meter.judge(SECOND, nowMs));
    for (let count = 0; count < 30; count += 1) expect(send(0)).toBeUndefined();
    expect(send(20_000)).toBeUndefined();
    // The burst is full again, and not more than full.
    for (let count = 0; count < 30; count += 1) expect(send(3_600_000)).toBeUndefined();
    expect(send(3_600_000)).toBe("rate-exceeded");
  });

  test("is not touched by a clock that is set back", () => {
    const meter = new AudioMeter(PCM16K, 3_600_000);
    for (let count = 0; count < 30; count += 1) {
      expect(codeOf(meter.judge(SECOND, 0))).toBeUndefined();
    }
    expect(codeOf(meter.judge(SECOND, 1000))).toBeUndefined();
    expect(codeOf(meter.judge(SECOND, 1000))).toBe("rate-exceeded");
  });
});

describe("[R23] the warning before it", () => {
  const warningsOf = (meter: AudioMeter, seconds: number, nowMs: number) =>
    Array.from({ length: seconds }, () => meter.judge(SECOND, nowMs)).filter(
      ({ kind }) => kind === "warn",
    );

  test("comes once, when less than ten seconds of allowance are left, with what is left", () => {
    const meter = new AudioMeter(PCM16K, 0);
    expect(warningsOf(meter, 20, 0)).toEqual([]);
    expect(meter.judge(SECOND / 2, 0)).toEqual({ kind: "warn", allowanceMs: 9500 });
    expect(warningsOf(meter, 9, 0)).toEqual([]);
    expect(meter.judge(SECOND, 0).kind).toBe("refused");
  });

  test("comes again only after more than twenty seconds were left in between", () => {
    const meter = new AudioMeter(PCM16K, 0);
    expect(warningsOf(meter, 21, 0)).toHaveLength(1);
    // 9 s, and 11 s earned: twenty are not more than twenty.
    let nowMs = 11_000 / 1.5;
    expect(warningsOf(meter, 15, nowMs)).toHaveLength(0);
    nowMs += 15_100 / 1.5;
    expect(warningsOf(meter, 15, nowMs)).toHaveLength(1);
  });

  test("costs nothing while there is none: one verdict serves all frames", () => {
    const meter = new AudioMeter(PCM16K, 0);
    expect(meter.judge(SECOND, 0)).toBe(meter.judge(SECOND, 1000));
  });

  test("is for an accepted frame", () => {
    const meter = new AudioMeter(PCM16K, 0);
    for (let count = 0; count < 21; count += 1) meter.judge(SECOND, 0);
    expect(meter.receivedMs).toBe(21_000);
  });
});

describe("[R21] what was received", () => {
  test.each([
    ["16 kHz PCM", PCM16K, 3200, 100],
    ["44.1 kHz PCM", PCM44K, 8820, 100],
    ["8 kHz µ-law", ULAW8K, 801, 100.125],
  ] as const)("is counted exactly, with %s", (_, format, frameBytes, frameMs) => {
    const meter = new AudioMeter(format, 0);
    expect(meter.receivedMs).toBe(0);
    for (let count = 1; count <= 10_000; count += 1) meter.judge(frameBytes, count * 100);
    expect(meter.receivedMs).toBe(10_000 * frameMs);
  });

  test("is what was accepted, and nothing else", () => {
    const meter = new AudioMeter(PCM16K, 500);
    expect(meter.lastAudioAtMs).toBe(500);
    meter.judge(3200, 600);
    for (const frameBytes of [0, 3201, 70_000]) {
      expect(meter.judge(frameBytes, 700).kind).toBe("refused");
    }
    expect([meter.receivedMs, meter.lastAudioAtMs]).toEqual([100, 600]);
    // Tiny frames are charged for more than they are.
    meter.judge(2, 800);
    expect([meter.receivedMs, meter.lastAudioAtMs]).toEqual([100.0625, 800]);
    for (let count = 0; count < 40; count += 1) meter.judge(SECOND, 900);
    expect(meter.receivedMs).toBe(30_100.0625);
  });
});
