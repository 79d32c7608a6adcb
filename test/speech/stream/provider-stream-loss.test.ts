import { describe, expect, test } from "bun:test";
import { monotonicMs } from "../../../src/kernel/timers.ts";
import type { Fault } from "../../../src/simulator/faults/fault.ts";
import { until } from "../../support/probes/until.ts";
import { audioFrame } from "../../support/stages/relay-stage.ts";
import {
  BYTES_PER_SECOND,
  expectFinals,
  MUCH_LATER_MS,
  setupStream,
  speech,
  strike,
  untilAnswered,
} from "../../support/stages/stream-stage.ts";

/** The third of four utterances is being spoken. */
const IN_THE_MIDDLE = 5;

/** Losses in a row, with waits that double. */
const LOSSES_MS = 60_000;

describe("[R11] a socket that is lost in the middle is opened again on the same URL", () => {
  test.concurrent.each<[string, Fault]>([
    ["is closed with 1001", { kind: "close", code: 1001 }],
    ["is closed with 1009", { kind: "close", code: 1009 }],
    ["is closed with 1011", { kind: "close", code: 1011 }],
    ["is closed with 4500", { kind: "close", code: 4500 }],
    ["breaks", { kind: "terminate" }],
  ])("when it %s", async (_, fault) => {
    await using world = await setupStream();
    const { simulator, listener, tallies } = world;
    await listener.ready;
    strike(simulator, IN_THE_MIDDLE, fault);
    listener.send(speech(4));
    listener.stream.finish();
    expect(await listener.ended).toBeUndefined();
    expectFinals(listener, 4);
    expect(listener.reports).toEqual(["ready", "interrupted", "resumed", "ended"]);
    expect(simulator.postCount).toBe(1);
    expect(simulator.observe()).toMatchObject([{ status: "done", connectionCount: 2 }]);
    expect(tallies).toMatchObject({ provider_resumes: 1, provider_replacements: 0 });
  });
});

describe("[R11] a session that is over in the middle is replaced by another one", () => {
  test.concurrent.each<[string, Fault, readonly string[]]>([
    ["1000", { kind: "close", code: 1000 }, ["interrupted", "resumed"]],
    ["1000 after its finals", { kind: "end", code: 1000 }, ["interrupted", "resumed"]],
    ["4408 after its finals", { kind: "end", code: 4408 }, ["interrupted", "resumed"]],
    // The URL opens, and only then the provider says that it leads nowhere.
    ["4403 on its URL", { kind: "vanish" }, ["interrupted", "resumed"]],
  ])("told by %s", async (_, fault, reports) => {
    await using world = await setupStream();
    const { simulator, listener, tallies } = world;
    const firstId = await listener.ready;
    strike(simulator, IN_THE_MIDDLE, fault);
    listener.send(speech(4));
    listener.stream.finish();
    expect(await listener.ended).toBeUndefined();
    expect(listener.reports).toEqual(["ready", ...reports, "ended"]);
    expect(simulator.postCount).toBe(2);
    expect(tallies.provider_replacements).toBe(1);
    const keys = listener.finals.map(({ key }) => key);
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys[0]).toStartWith(`${firstId}:`);
    expect(keys.at(-1)).not.toStartWith(`${firstId}:`);
    expectWholeSpeech(listener.finals);
    // Partials that nobody will finish any more are taken back.
    const lastByKey = new Map(listener.utterances.map((utterance) => [utterance.key, utterance]));
    expect([...lastByKey.values()].filter(({ isFinal }) => !isFinal)).toEqual([]);
  });
});

/** Every second in which somebody spoke is in one final; the provider may have cut one of them in two. */
function expectWholeSpeech(finals: readonly { startSeconds: number; endSeconds: number }[]) {
  const spoken = finals.reduce((sum, final) => sum + final.endSeconds - final.startSeconds, 0);
  expect(spoken).toBeCloseTo(4, 0);
  for (let utterance = 0; utterance < 4; utterance += 1) {
    const middle = utterance * 2 + 0.8;
    const said = finals.filter(
      ({ startSeconds, endSeconds }) => startSeconds <= middle && middle < endSeconds,
    );
    expect(said, `at ${middle} s`).toHaveLength(1);
  }
}

/** The session that was left never ends by itself: whether it has more to say is asked for a moment only. */
test.concurrent(
  "[R11] after three handshakes in vain the URL counts as dead",
  async () => {
    await using world = await setupStream({ limits: { recoverMs: 200 } });
    const { simulator, listener } = world;
    await listener.ready;
    strike(
      simulator,
      IN_THE_MIDDLE,
      { kind: "refuse-handshakes", count: 3, status: 403 },
      { kind: "terminate" },
    );
    listener.send(speech(4));
    listener.stream.finish();
    expect(await listener.ended).toBeUndefined();
    expectFinals(listener, 4);
    expect(simulator).toMatchObject({ postCount: 2, handshakeCount: 5 });
    expect(listener.reports).toEqual(["ready", "interrupted", "resumed", "ended"]);
  },
  LOSSES_MS,
);

test.concurrent(
  "[R11] a handshake that succeeds gives its URL three new attempts",
  async () => {
    await using world = await setupStream({ limits: { stableMs: 0 } });
    const { simulator, listener } = world;
    await listener.ready;
    for (let loss = 1; loss <= 2; loss += 1) {
      simulator.inflict({ kind: "refuse-handshakes", count: 2, status: 503 });
      simulator.closeSockets(1011);
      const isBack = () => simulator.handshakeCount === 1 + 3 * loss && listener.state === "live";
      await until(isBack);
    }
    expect(simulator).toMatchObject({ postCount: 1, handshakeCount: 7 });
  },
  LOSSES_MS,
);

test.concurrent(
  "[R11] a socket that opens and closes is no reason to hurry",
  async () => {
    await using world = await setupStream();
    const { simulator, listener } = world;
    await listener.ready;
    const lostAtMs = performance.now();
    simulator.inflict({ kind: "close-after-open", count: 3, code: 1011 });
    simulator.closeSockets(1011);
    listener.send(speech(1));
    listener.stream.finish();
    expect(await listener.ended).toBeUndefined();
    expect(simulator.handshakeCount).toBe(5);
    // Four waits of half the shortest window at least.
    expect(performance.now() - lostAtMs).toBeGreaterThanOrEqual(4 * 150 - 20);
    expectFinals(listener, 1);
  },
  LOSSES_MS,
);

test.concurrent("[R11] acknowledgements that were lost with their socket move no word", async () => {
  await using world = await setupStream();
  const { simulator, listener, tallies } = world;
  await listener.ready;
  const audio = speech(4);
  const [first, second] = [2, 5.8].map((seconds) => seconds * BYTES_PER_SECOND);
  listener.send(audio.subarray(0, first));
  await untilAnswered(world, first!);
  // What the provider has from here on, this side has to send again.
  simulator.inflict({ kind: "lose-acknowledgments", count: Infinity });
  listener.send(audio.subarray(first, second));
  await untilAnswered(world, second!);
  simulator.inflict({ kind: "terminate" });
  listener.send(audio.subarray(second));
  listener.stream.finish();
  expect(await listener.ended).toBeUndefined();
  expect(tallies.audio_drift_bytes).toBe(3.8 * BYTES_PER_SECOND);
  const held = simulator.observe()[0]!.byteCount;
  expect(held).toBe((8 + 3.8) * BYTES_PER_SECOND);
  expectFinals(listener, 4);
});

test.concurrent("[R11] counts ranges that hold their end as exactly", async () => {
  await using world = await setupStream({ simulator: { rangeEnd: "inclusive" } });
  const { simulator, listener, tallies } = world;
  await listener.ready;
  strike(simulator, IN_THE_MIDDLE, { kind: "close", code: 1011 });
  listener.send(speech(4));
  listener.stream.finish();
  expect(await listener.ended).toBeUndefined();
  expectFinals(listener, 4);
  expect(simulator.observe()[0]!.byteCount - tallies.audio_drift_bytes).toBe(8 * BYTES_PER_SECOND);
});

describe("[R11] a provider that is half-open", () => {
  test.concurrent("is given up after its limit, and gets everything again", async () => {
    await using world = await setupStream();
    const { simulator, listener, tallies } = world;
    await listener.ready;
    strike(simulator, IN_THE_MIDDLE, { kind: "freeze", dropMs: Infinity });
    listener.send(speech(4));
    listener.stream.finish();
    await until(() => simulator.observe()[0]!.byteCount === IN_THE_MIDDLE * BYTES_PER_SECOND);
    listener.stream.sweep(monotonicMs() + MUCH_LATER_MS);
    expect(await listener.ended).toBeUndefined();
    expectFinals(listener, 4);
    expect(tallies).toMatchObject({ provider_stalls: 1, provider_resumes: 1 });
    expect(listener.reports).toEqual(["ready", "interrupted", "resumed", "ended"]);
  });

  test.concurrent("is noticed although everything is acknowledged, when its end is due", async () => {
    await using world = await setupStream();
    const { simulator, listener, tallies } = world;
    await listener.ready;
    listener.send(speech(1));
    await untilAnswered(world, speech(1).byteLength);
    simulator.inflict({ kind: "freeze", dropMs: Infinity });
    listener.stream.finish();
    listener.stream.sweep(monotonicMs() + MUCH_LATER_MS);
    expect(await listener.ended).toBeUndefined();
    expect(tallies.provider_stalls).toBe(1);
    expectFinals(listener, 1);
  });

  test.concurrent("is told from one that has nothing to say", async () => {
    await using world = await setupStream();
    const { listener, tallies } = world;
    await listener.ready;
    listener.send(audioFrame(100));
    await untilAnswered(world, audioFrame(100).byteLength);
    listener.stream.sweep(monotonicMs() + MUCH_LATER_MS);
    listener.stream.finish();
    await listener.ended;
    expect(tallies.provider_stalls).toBe(0);
    expect(listener.reports).toEqual(["ready", "ended"]);
  });
});

describe("[R12] audio that cannot be kept", () => {
  const outage: Fault[] = [
    { kind: "refuse-handshakes", count: 1, status: 503 },
    { kind: "close", code: 1011 },
  ];

  test.concurrent("is dropped oldest first, counted, and told when the provider is back", async () => {
    await using world = await setupStream({ limits: { backlogMs: 2000 } });
    const { simulator, listener, tallies } = world;
    await listener.ready;
    for (const fault of outage) simulator.inflict(fault);
    await until(() => listener.reports.includes("interrupted"));
    listener.send(speech(4));
    listener.stream.finish();
    expect(await listener.ended).toBeUndefined();
    expect(listener.reports).toEqual(["ready", "interrupted", "gap 0 to 6", "resumed", "ended"]);
    expect(tallies.audio_dropped_bytes).toBe(6 * BYTES_PER_SECOND);
    expect(listener.finals).toMatchObject([
      { startSeconds: expect.closeTo(6.5, 1), endSeconds: expect.closeTo(7.5, 1) },
    ]);
  });

  test.concurrent("is told once, and nothing that was sent counts as dropped", async () => {
    await using world = await setupStream({ limits: { backlogMs: 2000 } });
    const { simulator, listener, tallies } = world;
    await listener.ready;
    for (const fault of outage) simulator.inflict(fault);
    await until(() => listener.reports.includes("interrupted"));
    listener.send(speech(2));
    await until(() => listener.reports.includes("resumed"));
    // The backlog is full of audio that was sent, and whose acknowledgement is still on its way.
    listener.send(audioFrame(1000));
    await until(() => listener.finals.length === 1);
    simulator.closeSockets(1011);
    await until(() => listener.reports.length === 6);
    expect(listener.reports.slice(1)).toEqual([
      "interrupted",
      "gap 0 to 2",
      "resumed",
      "interrupted",
      "resumed",
    ]);
    expect(tallies.audio_dropped_bytes).toBe(2 * BYTES_PER_SECOND);
  });
});
