import { expect, test } from "bun:test";
import { MemoryBudget } from "../../../src/relay/memory-budget.ts";
import { SourceAudio, type Hearing } from "../../../src/speech/audio/source-audio.ts";
import { audioFrame, recognition } from "../../support/stages/relay-stage.ts";

const BYTES_PER_SECOND = 32_000;

/** How far a provider session has come, in seconds. */
const hearing = (acknowledged: number, speechSeconds?: number, cursor = 10): Hearing => ({
  acknowledged: acknowledged * BYTES_PER_SECOND,
  cursor: cursor * BYTES_PER_SECOND,
  speechSeconds,
});

/** Ten seconds of audio in frames of 100 ms, heard as far as is said. */
function tenSeconds({ keptMs = 60_000, finalSeconds = 0, heard = hearing(0) } = {}) {
  const finals = { end: finalSeconds };
  const source = new SourceAudio(
    { memory: new MemoryBudget(2 ** 30), finals },
    { audio: recognition.audio, keptMs },
  );
  for (let frame = 0; frame < 100; frame += 1) source.backlog.append(audioFrame(100));
  source.changeTo(heard);
  return { source, finals };
}

/** In seconds. */
const replayStart = (heard: Hearing, finalSeconds: number) =>
  tenSeconds({ heard, finalSeconds }).source.replayStart / BYTES_PER_SECOND;

test("knows its audio's length", () => {
  const { source } = tenSeconds();
  expect(source).toMatchObject({ bytesPerSecond: BYTES_PER_SECOND, bytesPerSample: 2 });
  expect(source.end).toBe(10 * BYTES_PER_SECOND);
});

test("[R11] a new session begins with the utterance that is being spoken", () => {
  expect(replayStart(hearing(8, 2), 0)).toBe(2);
  expect(replayStart(hearing(8, 2.5), 1.5)).toBe(2.5);
});

test("[R11] where nobody is known to speak, it begins where an utterance may have, after the last final", () => {
  expect(replayStart(hearing(8), 0)).toBe(5);
  expect(replayStart(hearing(8), 6)).toBe(6);
  expect(replayStart(hearing(2), 0)).toBe(0);
});

test("[R11] a final acknowledges its audio too", () => {
  expect(replayStart(hearing(4), 5)).toBe(5);
  expect(replayStart(hearing(4, 2), 5)).toBe(5);
});

test("[R11] a final that ends behind all audio acknowledges no more than there is", () => {
  expect(replayStart(hearing(4), 1000)).toBe(10);
});

test("[R11] it begins no later than what the old one has acknowledged, at a whole sample", () => {
  expect(replayStart(hearing(4, 6), 0)).toBe(4);
  expect((replayStart(hearing(8, 1.234_567), 0) * BYTES_PER_SECOND) % 2).toBe(0);
});

test("[R11] without a session the last one's progress counts", () => {
  const { source } = tenSeconds({ heard: hearing(8, 2) });
  source.endHearing();
  expect(source.hearing).toBeUndefined();
  expect(source.acknowledged).toBe(8 * BYTES_PER_SECOND);
  expect(source.replayStart).toBe(2 * BYTES_PER_SECOND);
  source.changeTo(hearing(3, 2.5));
  expect(source.acknowledged).toBe(3 * BYTES_PER_SECOND);
});

test("[R11] keeps what a new session would need, and lets go of the rest", () => {
  const { source, finals } = tenSeconds({ heard: hearing(8, 6.55), finalSeconds: 6 });
  source.release();
  expect(source.backlog.start).toBe(6.5 * BYTES_PER_SECOND);
  finals.end = 0;
  source.changeTo(hearing(8));
  source.release();
  expect(source.backlog.start).toBe(6.5 * BYTES_PER_SECOND);
});

test("[R11] keeps what was not acknowledged for the session's next socket, though it is final", () => {
  const { source } = tenSeconds({ heard: hearing(4), finalSeconds: 5 });
  source.release();
  expect(source.backlog.start).toBe(4 * BYTES_PER_SECOND);
});

test("[R12] what was dropped is lost where it would have to be sent", () => {
  const { source } = tenSeconds({ keptMs: 2000, heard: hearing(1, undefined, 3) });
  expect(source.findLoss()).toEqual({ from: 3 * BYTES_PER_SECOND, to: 8 * BYTES_PER_SECOND });
  source.endHearing();
  expect(source.findLoss()).toEqual({ from: BYTES_PER_SECOND, to: 8 * BYTES_PER_SECOND });
  source.changeTo(hearing(0, undefined, 8));
  expect(source.findLoss()).toBeUndefined();
});

test("[R12] what is not acknowledged is unheard, by the last provider session where there is none", () => {
  const { source } = tenSeconds({ heard: hearing(1, undefined, 3) });
  const unheard = { from: BYTES_PER_SECOND, to: 10 * BYTES_PER_SECOND };
  expect(source.unheard).toEqual(unheard);
  source.endHearing();
  expect(source.unheard).toEqual(unheard);
});

test("[R12] keeps no more than its limit", () => {
  const { source } = tenSeconds({ keptMs: 2000 });
  expect(source.backlog.start).toBe(8 * BYTES_PER_SECOND);
});
