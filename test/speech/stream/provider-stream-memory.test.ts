import { describe, expect, test } from "bun:test";
import { FRAME_OVERHEAD_BYTES } from "../../../src/speech/audio/audio-backlog.ts";
import { until } from "../../support/probes/until.ts";
import { audioFrame } from "../../support/stages/relay-stage.ts";
import { expectFinals, setupStream, speech } from "../../support/stages/stream-stage.ts";

/** What a second of audio takes, in the frames in which the tests send it. */
const SECOND_COST = 10 * (audioFrame(100).byteLength + FRAME_OVERHEAD_BYTES);

describe("[R12] audio that finds the memory of the process exhausted", () => {
  test.concurrent("pushes out the oldest, counted, and told when the provider is there", async () => {
    await using world = await setupStream({ memoryLimit: 2 * SECOND_COST });
    const { listener, tallies, memory } = world;
    // Before anybody can have answered: all of it waits.
    listener.send(speech(4));
    expect(memory.used).toBe(2 * SECOND_COST);
    listener.stream.finish();
    expect(await listener.ended).toBeUndefined();
    expect(listener.reports).toEqual(["gap 0 to 6", "ready", "ended"]);
    expect(tallies.audio_dropped_bytes).toBe(6 * audioFrame(1000).byteLength);
    expect(listener.finals).toMatchObject([
      { startSeconds: expect.closeTo(6.5, 1), endSeconds: expect.closeTo(7.5, 1) },
    ]);
    expect(memory.used).toBe(0);
  });

  test.concurrent("leaves one second, whatever the others have taken", async () => {
    await using world = await setupStream({ memoryLimit: SECOND_COST });
    const { listener, memory } = world;
    memory.take(100 * SECOND_COST);
    listener.send(speech(4));
    listener.stream.finish();
    await listener.ended;
    expect(listener.reports).toEqual(["gap 0 to 7", "ready", "ended"]);
    expect(memory.used).toBe(100 * SECOND_COST);
  });

  test.concurrent("costs nothing while the provider listens", async () => {
    await using world = await setupStream({ memoryLimit: 1 });
    const { listener, tallies } = world;
    await listener.ready;
    listener.send(speech(3));
    listener.stream.finish();
    expect(await listener.ended).toBeUndefined();
    expectFinals(listener, 3);
    expect(listener.reports).toEqual(["ready", "ended"]);
    expect(tallies.audio_dropped_bytes).toBe(0);
  });
});

describe("[R12] a stream gives back all of its memory", () => {
  test.concurrent("when it ends in order", async () => {
    await using world = await setupStream();
    const { listener, memory } = world;
    listener.send(speech(2));
    expect(memory.used).toBe(4 * SECOND_COST);
    listener.stream.finish();
    await listener.ended;
    expect(memory.used).toBe(0);
  });

  test.concurrent("when it is aborted, in whatever state", async () => {
    await using world = await setupStream({ placesMax: 2 });
    const { simulator, listener, memory } = world;
    const [second, queued] = [world.open(), world.open()];
    await Promise.all([listener.ready, second.ready]);
    expect(queued.reports).toEqual(["queued 1"]);
    simulator.closeSockets(1011);
    await until(() => listener.reports.includes("interrupted"));
    for (const one of [listener, second, queued]) one.send(speech(2));
    expect(memory.used).toBe(12 * SECOND_COST);
    for (const { stream } of [listener, second, queued]) {
      stream.abort();
      stream.send(audioFrame(100));
      stream.abort();
    }
    expect(memory.used).toBe(0);
  });

  test.concurrent("when its provider is away for too long", async () => {
    await using world = await setupStream({ limits: { outageMs: 300 } });
    const { simulator, listener, memory } = world;
    await listener.ready;
    await simulator.stop();
    await until(() => listener.reports.includes("interrupted"));
    listener.send(speech(2));
    expect(await listener.ended).toMatchObject({ code: "provider-timeout" });
    listener.send(speech(1));
    expect(memory.used).toBe(0);
  });

  test.concurrent("when it is refused", async () => {
    await using world = await setupStream({ apiKey: "another key" });
    const { listener, memory } = world;
    listener.send(speech(2));
    expect(await listener.ended).toMatchObject({ code: "provider-refused" });
    expect(memory.used).toBe(0);
  });
});
