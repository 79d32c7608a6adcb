import { expect, test } from "bun:test";
import type { AudioFormat } from "../../../src/relay/recognition/audio-format.ts";
import { SilenceFiller } from "../../../src/relay/session/silence-filler.ts";
import { BYTES_PER_MS, recognition } from "../../support/stages/relay-stage.ts";

const LIMITS = { quietMs: 3000, closingMs: 500, keepaliveMs: 10_000 };

function fillerFor(changes: { audio?: AudioFormat; endpointingSeconds?: number } = {}) {
  return new SilenceFiller({ ...recognition, ...changes }, LIMITS);
}

/** Looks every 100 ms, and says when silence came, and how many bytes of it. */
function fillingsOf(filler: SilenceFiller, fromMs: number, toMs: number): [number, number][] {
  const fillings: [number, number][] = [];
  for (let nowMs = fromMs; nowMs <= toMs; nowMs += 100) {
    const frame = filler.frameDueAt(nowMs);
    if (frame !== undefined) fillings.push([nowMs, frame.byteLength]);
  }
  return fillings;
}

test("[R13] closes the utterance of a client that pauses, then keeps its socket open", () => {
  const filler = fillerFor({ endpointingSeconds: 0.3 });
  filler.noteAudio(0);
  expect(fillingsOf(filler, 0, 24_000)).toEqual([
    [3000, 800 * BYTES_PER_MS],
    [13_000, 100 * BYTES_PER_MS],
    [23_000, 100 * BYTES_PER_MS],
  ]);
});

test("[R13] a client that has not begun is quiet from the first look on", () => {
  expect(fillingsOf(fillerFor(), 50_000, 53_000)).toEqual([[53_000, 800 * BYTES_PER_MS]]);
});

test("[R13] fills nothing while audio comes, and starts again after it", () => {
  const filler = fillerFor();
  for (let nowMs = 0; nowMs <= 20_000; nowMs += 2900) {
    filler.noteAudio(nowMs);
    expect(fillingsOf(filler, nowMs, nowMs + 2800)).toEqual([]);
  }
  const [closing] = fillingsOf(filler, 20_300, 24_000);
  filler.noteAudio(24_000);
  expect(fillingsOf(filler, 24_000, 27_000)).toEqual([[27_000, closing![1]]]);
});

test("[R14] silence is never longer than the pause that it fills", () => {
  const filler = fillerFor({ endpointingSeconds: 10 });
  filler.noteAudio(0);
  expect(fillingsOf(filler, 0, 15_000)).toEqual([[10_500, 10_500 * BYTES_PER_MS]]);
});

test.each([
  [{ encoding: "wav/pcm", sampleRate: 44_100, bitDepth: 16 }, 0, 35_280 * 2],
  [{ encoding: "wav/alaw", sampleRate: 8000, bitDepth: 8 }, 0xd5, 6400],
  [{ encoding: "wav/ulaw", sampleRate: 8000, bitDepth: 8 }, 0xff, 6400],
] as const)("[R13] is silent in %j, in whole samples", (audio, silentByte, bytes) => {
  const filler = fillerFor({ audio });
  filler.noteAudio(0);
  const frame = filler.frameDueAt(3000)!;
  expect(frame).toHaveLength(bytes);
  expect(new Set(frame)).toEqual(new Set([silentByte]));
});
