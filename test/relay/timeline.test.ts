import { describe, expect, test } from "bun:test";
import { type AudioFormat, bytesPerMs } from "../../src/relay/recognition/audio-format.ts";
import { Timeline } from "../../src/relay/timeline.ts";
import { stoppedClocks } from "../support/probes/fake-time.ts";
import { seededRandom } from "../support/probes/seeded-random.ts";

const FORMAT: AudioFormat = { encoding: "wav/pcm", sampleRate: 16_000, bitDepth: 16 };
const FRAME_MS = 100;
const FRAME_BYTES = FRAME_MS * bytesPerMs(FORMAT);
const T0 = 1_700_000_000_000;

/** Sends frames of 100 ms, each of which comes at one of the times, in milliseconds since T0. */
function timelineOf(arrivals: readonly number[]): Timeline {
  const timeline = new Timeline(FORMAT, 0);
  for (const at of arrivals) timeline.advance(FRAME_BYTES, T0 + at);
  return timeline;
}

/** Frames that come at their pace, the first one at `firstMs`. */
function steadily(firstMs: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => firstMs + index * FRAME_MS);
}

const sinceT0 = (timeline: Timeline, seconds: number) => timeline.timeAt(seconds).getTime() - T0;

test("[R14] counts from the beginning of the first frame, which was spoken before it came", () => {
  const timeline = timelineOf([FRAME_MS]);
  expect(sinceT0(timeline, 0)).toBe(0);
  expect(sinceT0(timeline, 1.5)).toBe(1500);
});

test("[R14] answers with the present while there is no audio", () => {
  using clock = stoppedClocks();
  const timeline = new Timeline(FORMAT);
  clock.by(5000);
  expect(timeline.timeAt(3)).toEqual(new Date());
});

test("[R14] does not move for jitter of less than a second", () => {
  const random = seededRandom("timeline jitter");
  const arrivals = steadily(FRAME_MS, 300).map((at) => at + random.whole(0, 900));
  const calm = timelineOf([arrivals[0]!, ...steadily(arrivals[0]! + FRAME_MS, 299)]);
  const jittery = timelineOf(arrivals);
  for (const second of [0, 1, 7.25, 29]) {
    expect(jittery.timeAt(second)).toEqual(calm.timeAt(second));
  }
});

test("[R14] begins anew where the client paused, and leaves what came before as it is", () => {
  // Two seconds of speech, four of silence that are not sent, two of speech.
  const timeline = timelineOf([...steadily(100, 20), ...steadily(6100, 20)]);
  expect(sinceT0(timeline, 0.5)).toBe(500);
  expect(sinceT0(timeline, 1.999)).toBe(1999);
  expect(sinceT0(timeline, 2)).toBe(6000);
  expect(sinceT0(timeline, 3.5)).toBe(7500);
});

test.each([1500, 3000, 8000])(
  "[R14] takes a pause of %p ms back when a burst catches up with it",
  (lateMs) => {
    // Nothing was paused: the network held everything back, and then it came at once.
    const held = steadily(2100, lateMs / FRAME_MS).map(() => 2000 + lateMs);
    const timeline = timelineOf([...steadily(100, 20), ...held, ...steadily(2100 + lateMs, 20)]);
    expect(sinceT0(timeline, 1)).toBe(1000);
    for (const second of [2, 2 + lateMs / 2000, 3 + lateMs / 1000]) {
      expect(sinceT0(timeline, second)).toBe(second * 1000);
    }
  },
);

test("[R14] what was told of a final in the middle of a late burst stays before all that follows", () => {
  // Two seconds of speech, then three that were held back and come twice as fast as they were spoken.
  const timeline = timelineOf([...steadily(100, 20), 5100, 5150, 5200, 5250]);
  timeline.settle(2.1);
  const told = timeline.timeAt(2.1);
  expect(sinceT0(timeline, 2.1)).toBe(5100);
  for (let frame = 0; frame < 30; frame += 1) timeline.advance(FRAME_BYTES, T0 + 5300);
  expect(timeline.timeAt(2.1)).toEqual(told);
  expect(sinceT0(timeline, 2.3)).toBe(5101);
  expect(sinceT0(timeline, 5.3)).toBe(5300);
});

test("[R14] remembers a bounded number of pauses and forgets the oldest", () => {
  const arrivals = Array.from({ length: 400 }, (_, index) => 100 + index * 5000);
  const timeline = timelineOf(arrivals);
  expect(sinceT0(timeline, 39.95)).toBe(399 * 5000 + 50);
  expect(sinceT0(timeline, 0)).toBeLessThan(sinceT0(timeline, 20));
});

test("[R14] never runs backwards along positions, however frames come", () => {
  const random = seededRandom("timeline order");
  for (let run = 0; run < 100; run += 1) {
    const timeline = new Timeline(FORMAT, 0);
    let at = T0;
    let sentMs = 0;
    for (let count = random.whole(1, 200); count > 0; count -= 1) {
      at += random.pick([0, 0, 50, 100, 100, 150, 2000, 10_000]);
      const durationMs = random.whole(10, 1000);
      timeline.advance(durationMs * bytesPerMs(FORMAT), at);
      sentMs += durationMs;
    }
    const times = Array.from({ length: 200 }, (_, index) =>
      timeline.timeAt((sentMs * index) / 200_000).getTime(),
    );
    expect(times).toEqual(times.toSorted((one, other) => one - other));
  }
});

describe("[R14] counts the bytes of every format", () => {
  const rates = [8000, 16_000, 32_000, 44_100, 48_000] as const;
  const formats: AudioFormat[] = rates.flatMap((sampleRate) => [
    { encoding: "wav/pcm", sampleRate, bitDepth: 16 },
    { encoding: "wav/alaw", sampleRate, bitDepth: 8 },
    { encoding: "wav/ulaw", sampleRate, bitDepth: 8 },
  ]);
  test.each(formats)("$encoding at $sampleRate Hz", (format) => {
    const secondBytes = format.sampleRate * (format.bitDepth === 16 ? 2 : 1);
    expect(bytesPerMs(format) * 1000).toBe(secondBytes);
    const timeline = new Timeline(format, 0);
    timeline.advance(secondBytes, T0 + 1000);
    // Ten seconds of silence that were not sent.
    timeline.advance(secondBytes, T0 + 12_000);
    expect(timeline.timeAt(0.5).getTime()).toBe(T0 + 500);
    expect(timeline.timeAt(1).getTime()).toBe(T0 + 11_000);
  });
});

test("[R14] two speakers' segments sort by when they were said, though one came later and paused", () => {
  const second = 1000 * bytesPerMs(FORMAT);
  const first = new Timeline(FORMAT, 0);
  const later = new Timeline(FORMAT, 0);
  // One speaks all the time from 0 s on; the other from 3 s to 5 s and again from 9 s on, with frames that jitter.
  for (let end = 1; end <= 12; end += 1) first.advance(second, end * 1000);
  for (const endMs of [4000, 5200, 10_000, 11_300, 12_000]) later.advance(second, endMs);
  const said = [
    { who: "first", at: first.timeAt(2.5) },
    { who: "later", at: later.timeAt(0.5) },
    { who: "first", at: first.timeAt(4.2) },
    { who: "later", at: later.timeAt(1.5) },
    { who: "first", at: first.timeAt(8.5) },
    { who: "later", at: later.timeAt(2.5) },
    { who: "first", at: first.timeAt(10) },
  ];
  expect(said.toSorted((a, b) => a.at.getTime() - b.at.getTime())).toEqual(said);
});
