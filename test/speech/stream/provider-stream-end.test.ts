import { describe, expect, test } from "bun:test";
import { monotonicMs } from "../../../src/kernel/timers.ts";
import type { Fault } from "../../../src/simulator/faults/fault.ts";
import type { SimulatorOptions } from "../../../src/simulator/simulator.ts";
import { GLADIA_STREAM_LIMITS } from "../../../src/speech/gladia/gladia-limits.ts";
import { until } from "../../support/probes/until.ts";
import { audioFrame } from "../../support/stages/relay-stage.ts";
import {
  BYTES_PER_SECOND,
  expectFinals,
  setupStream,
  speech,
  untilAnswered,
  type Listener,
  type StreamWorld,
} from "../../support/stages/stream-stage.ts";

describe("[R15] a stop", () => {
  test.concurrent("before the provider is ready loses no audio", async () => {
    await using world = await setupStream({ simulator: { postDelayMs: 30, openDelayMs: 30 } });
    const { listener } = world;
    listener.send(speech(2));
    listener.stream.finish();
    listener.stream.finish();
    listener.stream.send(audioFrame(100));
    expect(await listener.ended).toBeUndefined();
    expect(listener.reports).toEqual(["ready", "ended"]);
    expectFinals(listener, 2);
    expect(world.simulator.observe()[0]!.byteCount).toBe(speech(2).byteLength);
  });

  test.concurrent.each<[string, Fault[]]>([
    ["resuming", [{ kind: "close", code: 1011 }]],
    ["replacing", [{ kind: "close", code: 1000 }]],
  ])("while the stream is %s is asked for when it is back", async (_, faults) => {
    await using world = await setupStream();
    const { simulator, listener } = world;
    await listener.ready;
    for (const fault of faults) simulator.inflict(fault);
    listener.send(speech(2));
    await until(() => listener.reports.includes("interrupted"));
    listener.stream.finish();
    expect(await listener.ended).toBeUndefined();
    expectFinals(listener, 2);
    expect(listener.reports).toEqual(["ready", "interrupted", "resumed", "ended"]);
  });

  test.concurrent("that the provider did not live to answer is asked for again", async () => {
    await using world = await setupStream({ simulator: { finalDelayMs: 1000 } });
    const { simulator, listener } = world;
    await listener.ready;
    listener.send(speech(2));
    listener.stream.finish();
    await until(() => simulator.observe()[0]!.byteCount === speech(2).byteLength);
    simulator.inflict({ kind: "terminate" });
    expect(await listener.ended).toBeUndefined();
    expectFinals(listener, 2);
    expect(simulator.postCount).toBe(1);
  });

  test.concurrent("comes after everything that waits, however long it takes to send", async () => {
    await using world = await setupStream({ simulator: { openDelayMs: 20 } });
    const { listener } = world;
    // Twelve turns of five seconds.
    listener.send(speech(30));
    listener.stream.finish();
    expect(await listener.ended).toBeUndefined();
    expectFinals(listener, 30);
  });
});

describe("[R15] finals that were said unheard", () => {
  test.concurrent("are fetched at the end, once, and told before it", async () => {
    await using world = await setupStream();
    const { simulator, listener, tallies } = world;
    await listener.ready;
    // The second utterance is open until its session ends, which nobody is told.
    const audio = speech(2).subarray(0, 3.5 * BYTES_PER_SECOND);
    listener.send(audio);
    await untilAnswered(world, audio.byteLength);
    expectFinals(listener, 1);
    listener.stream.finish();
    simulator.inflict({ kind: "vanish" });
    expect(await listener.ended).toBeUndefined();
    expectFinals(listener, 2);
    expect(listener.reports.at(-1)).toBe("ended");
    expect(tallies).toMatchObject({ finals_recovered: 1, finals_repeated: 0 });
    expect(simulator.postCount).toBe(1);
  });

  test.concurrent("are not fetched where nothing was missed", async () => {
    await using world = await setupStream();
    const { listener, tallies } = world;
    listener.send(speech(2));
    listener.stream.finish();
    await listener.ended;
    expect(tallies).toMatchObject({ finals_recovered: 0, finals_repeated: 0 });
  });
});

describe("a provider that is away for too long ends the stream", () => {
  test.concurrent("[R11] after its outage's limit, with what it was told until then", async () => {
    await using world = await setupStream();
    const { simulator, listener, tallies } = world;
    await listener.ready;
    await simulator.stop();
    await until(() => listener.reports.includes("interrupted"));
    listener.send(audioFrame(1000));
    listener.stream.sweep(monotonicMs() + GLADIA_STREAM_LIMITS.outageMs - 60_000);
    expect(listener.reports).toEqual(["ready", "interrupted"]);
    listener.stream.sweep(monotonicMs() + GLADIA_STREAM_LIMITS.outageMs);
    expect(await listener.ended).toMatchObject({ code: "provider-timeout", retryable: true });
    expect(listener.reports).toEqual(["ready", "interrupted", "gap 0 to 1", "ended"]);
    expect(tallies.audio_dropped_bytes).toBe(audioFrame(1000).byteLength);
    expect(world.provider.streamCount).toBe(0);
  });

  test.concurrent.each<[string, Fault[]]>([
    ["refuses all requests", [{ kind: "refuse-posts", count: 50, status: 503 }]],
    ["does not answer a request", [{ kind: "hang-posts", count: 50, holdMs: 5000 }]],
    ["refuses all handshakes", [{ kind: "refuse-handshakes", count: 50, status: 503 }]],
  ])("when it %s before it was ready", async (_, faults) => {
    await using world = await setupStream({ faults, limits: { readyMs: 300 } });
    const { listener } = world;
    expect(await listener.ended).toMatchObject({ code: "provider-timeout", retryable: true });
    expect(listener.reports).toEqual(["ended"]);
  });

  test.concurrent("[R11] at once when it refuses the key for another session", async () => {
    await using world = await setupStream();
    const { simulator, listener } = world;
    await listener.ready;
    simulator.refuseNext(401);
    simulator.closeSockets(1000);
    expect(await listener.ended).toMatchObject({ code: "provider-refused", retryable: false });
    expect(listener.reports).toEqual(["ready", "interrupted", "ended"]);
  });
});

describe("an abort lets go at once, silently, when the stream is", () => {
  interface Scene {
    readonly state: Listener["state"];
    readonly simulator?: SimulatorOptions;
    readonly faults?: Fault[];
    readonly reach: (world: StreamWorld) => Promise<void>;
  }
  const scenes: Record<string, Scene> = {
    "opening, during its request": {
      state: "opening",
      faults: [{ kind: "hang-posts", count: 1, holdMs: 60_000 }],
      reach: ({ simulator }) => until(() => simulator.postCount === 1),
    },
    "opening, during its handshake": {
      state: "opening",
      simulator: { openDelayMs: 1000 },
      reach: ({ simulator }) => until(() => simulator.handshakeCount === 1),
    },
    live: { state: "live", reach: async ({ listener }) => void (await listener.ready) },
    resuming: {
      state: "resuming",
      reach: async ({ simulator, listener }) => {
        await listener.ready;
        simulator.inflict({ kind: "refuse-handshakes", count: 1, status: 503 });
        simulator.closeSockets(1011);
        await until(() => simulator.handshakeCount === 2);
      },
    },
    replacing: {
      state: "replacing",
      reach: async ({ simulator, listener }) => {
        await listener.ready;
        simulator.inflict({ kind: "hang-posts", count: 1, holdMs: 60_000 });
        simulator.closeSockets(1000);
        await until(() => simulator.postCount === 2);
      },
    },
    stopping: {
      state: "stopping",
      simulator: { finalDelayMs: 1000 },
      reach: async ({ listener }) => {
        await listener.ready;
        listener.send(speech(1));
        listener.stream.finish();
        await until(() => listener.utterances.length > 0);
      },
    },
    recovering: {
      state: "recovering",
      simulator: { finalDelayMs: 1000 },
      reach: async ({ simulator, listener }) => {
        await listener.ready;
        listener.send(speech(1));
        await until(() => listener.utterances.length > 0);
        listener.stream.finish();
        // It takes the stop for done, and has not said its final yet.
        await until(() => simulator.observe()[0]!.byteCount === speech(1).byteLength);
        simulator.closeSockets(4403);
        await until(() => listener.state !== "stopping");
      },
    },
    "ended already": {
      state: "ended",
      reach: async ({ listener }) => {
        listener.stream.finish();
        await listener.ended;
      },
    },
  };
  test.concurrent.each(Object.entries(scenes))("%s", async (_, { state, reach, ...options }) => {
    await using world = await setupStream({ ...options, placesMax: 1 });
    const { listener, provider } = world;
    await reach(world);
    expect(listener.state).toBe(state);
    const told = [...listener.reports, ...listener.utterances];
    listener.stream.abort();
    listener.stream.abort();
    listener.stream.finish();
    listener.stream.send(audioFrame(100));
    listener.stream.sweep(monotonicMs() + 3_600_000);
    expect(provider.streamCount).toBe(0);
    // Its place is free: the next one need not wait.
    const next = world.open();
    await next.ready;
    expect(next.reports).toEqual(["ready"]);
    expect([...listener.reports, ...listener.utterances]).toEqual(told);
  });
});
