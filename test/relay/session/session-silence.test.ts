import { expect, test } from "bun:test";
import { monotonicMs } from "../../../src/kernel/timers.ts";
import type { RecognitionOptions } from "../../../src/relay/recognition/recognition-options.ts";
import { fakeTime, WALL_CLOCK_STEPS_MS } from "../../support/probes/fake-time.ts";
import { audioFrame, BYTES_PER_MS, recognition } from "../../support/stages/relay-stage.ts";
import { startedSession } from "../../support/stages/started-session.ts";

/** A session that is swept as its registry does it, every 100 ms of a clock that the test moves. */
function setup(chosen: RecognitionOptions = recognition) {
  const time = fakeTime();
  const started = startedSession(chosen);
  const wait = async (totalMs: number) => {
    for (let leftMs = totalMs; leftMs > 0; leftMs -= 100) {
      await time.advance(100);
      started.session.sweep(monotonicMs());
    }
  };
  return { ...started, time, wait, [Symbol.dispose]: () => time[Symbol.dispose]() };
}

const lengthsOf = (frames: readonly Uint8Array[]) =>
  frames.map(({ byteLength }) => byteLength / BYTES_PER_MS);

test("[R13] a client that sends nothing keeps its stream open with silence", async () => {
  using world = setup();
  world.stream.becomeReady();
  await world.wait(34_000);
  expect(lengthsOf(world.stream.sent)).toEqual([800, 100, 100, 100]);
});

test("[R11] long silence goes out in frames that the provider takes", async () => {
  const audio = { encoding: "wav/pcm", sampleRate: 48_000, bitDepth: 16 } as const;
  using world = setup({ ...recognition, audio, endpointingSeconds: 10 });
  world.stream.becomeReady();
  await world.wait(11_000);
  const lengths = world.stream.sent.map(({ byteLength }) => byteLength);
  expect(Math.max(...lengths)).toBe(65_536);
  expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(10.5 * 96_000);
});

test("[R13] silence stands in for a client that is live, not for one that waits or has stopped", async () => {
  using world = setup();
  await world.wait(60_000);
  expect(world.stream.sent).toEqual([]);
  world.stream.becomeReady();
  world.session.acceptAudio(audioFrame(100));
  world.session.requestStop("client-stop");
  await world.wait(9000);
  expect(world.stream.sent).toHaveLength(1);
});

test("[R14] silence moves no word: times stand for what was said before and after a pause", async () => {
  using world = setup();
  const { session, stream, stage } = world;
  stream.becomeReady();
  const speak = async () => {
    await world.wait(1000);
    const startedAtMs = Date.now() - 1000;
    session.acceptAudio(audioFrame(1000));
    return startedAtMs;
  };
  const firstAtMs = await speak();
  await world.wait(15_000);
  const silentMs = lengthsOf(stream.sent).reduce((sum, ms) => sum + ms, 0) - 1000;
  expect(silentMs).toBe(900);
  const secondAtMs = await speak();
  stream.say({ key: "provider-1:0", startSeconds: 0.5, endSeconds: 1 });
  stream.say({ key: "provider-1:1", startSeconds: 2.4, endSeconds: 2.9 });
  const starts = stage.eventsOf("kept").map(({ transcript }) => transcript.startedAt.getTime());
  expect(starts).toEqual([firstAtMs + 500, secondAtMs + 500]);
});

test.each(WALL_CLOCK_STEPS_MS)(
  "[R14] a wall clock that is set by %d ms moves no word of a session, and is right in the next one",
  async (stepMs) => {
    using world = setup();
    const { session, stream, stage, time } = world;
    stream.becomeReady();
    await world.wait(1000);
    const beganAtMs = Date.now() - 1000;
    session.acceptAudio(audioFrame(1000));
    time.stepWallClock(stepMs);
    await world.wait(2500);
    session.acceptAudio(audioFrame(1000));
    stream.say({ key: "provider-1:0", startSeconds: 0.5, endSeconds: 1 });
    stream.say({ key: "provider-1:1", startSeconds: 1.5, endSeconds: 2 });
    const startsOf = (kept: typeof stage) =>
      kept.eventsOf("kept").map(({ transcript }) => transcript.startedAt.getTime() - beganAtMs);
    expect(startsOf(stage)).toEqual([500, 3000]);

    const next = startedSession();
    next.stream.becomeReady();
    await time.advance(1000);
    next.session.acceptAudio(audioFrame(1000));
    next.stream.say({ key: "provider-2:0", startSeconds: 0.5, endSeconds: 1 });
    expect(startsOf(next.stage)).toEqual([4000 + stepMs]);
  },
);
