import { expect, test } from "bun:test";
import { MemoryBudget } from "../../../src/relay/memory-budget.ts";
import { SourceAudio, type Progress } from "../../../src/speech/audio/source-audio.ts";
import { audioFrame, recognition } from "../../support/stages/relay-stage.ts";

const BYTES_PER_SECOND = 32_000;

/** Ten seconds of audio in frames of 100 ms. */
function tenSeconds(keptMs = 60_000): SourceAudio {
  const source = new SourceAudio(new MemoryBudget(2 ** 30), { audio: recognition.audio, keptMs });
  for (let frame = 0; frame < 100; frame += 1) source.backlog.append(audioFrame(100));
  return source;
}

const progressOf = (acknowledged: number, final: number, speech?: number): Progress => ({
  acknowledgedBytes: acknowledged * BYTES_PER_SECOND,
  speechSeconds: speech,
  finalSeconds: final,
});

/** In seconds. */
const replayStart = (source: SourceAudio, progress: Progress) =>
  source.replayStart(progress) / BYTES_PER_SECOND;

test("knows its audio's length", () => {
  const source = tenSeconds();
  expect(source).toMatchObject({ bytesPerSecond: BYTES_PER_SECOND, bytesPerSample: 2 });
  expect(source.end).toBe(10 * BYTES_PER_SECOND);
});

test("[R11] a new session begins with the utterance that is being spoken", () => {
  const source = tenSeconds();
  expect(replayStart(source, progressOf(8, 0, 2))).toBe(2);
  expect(replayStart(source, progressOf(8, 1.5, 2.5))).toBe(2.5);
});

test("[R11] where nobody is known to speak, it begins where an utterance may have, after the last final", () => {
  const source = tenSeconds();
  expect(replayStart(source, progressOf(8, 0))).toBe(5);
  expect(replayStart(source, progressOf(8, 6))).toBe(6);
  expect(replayStart(source, progressOf(2, 0))).toBe(0);
});

test("[R11] it begins no later than what the old one has acknowledged, at a whole sample", () => {
  const source = tenSeconds();
  expect(replayStart(source, progressOf(4, 5))).toBe(4);
  expect(replayStart(source, progressOf(4, 0, 6))).toBe(4);
  expect(source.replayStart(progressOf(8, 0, 1.234_567)) % 2).toBe(0);
});

test("[R11] keeps what a new session would need, and lets go of the rest", () => {
  const source = tenSeconds();
  source.release(progressOf(8, 6, 6.55));
  expect(source.backlog.start).toBe(6.5 * BYTES_PER_SECOND);
  source.release(progressOf(8, 0));
  expect(source.backlog.start).toBe(6.5 * BYTES_PER_SECOND);
});

test("[R12] keeps no more than its limit", () => {
  const source = tenSeconds(2000);
  expect(source.backlog.start).toBe(8 * BYTES_PER_SECOND);
});
