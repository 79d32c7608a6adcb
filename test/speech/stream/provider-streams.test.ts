import { expect, test } from "bun:test";
import { monotonicMs } from "../../../src/kernel/timers.ts";
import type { Fault } from "../../../src/simulator/faults/fault.ts";
import { startSimulator } from "../../../src/simulator/simulator.ts";
import { scriptedApi } from "../../support/actors/doubles/scripted-api.ts";
import { atWallClock, WALL_CLOCK_STEPS_MS } from "../../support/probes/fake-time.ts";
import { until } from "../../support/probes/until.ts";
import { audioFrame } from "../../support/stages/relay-stage.ts";
import {
  expectFinals,
  MUCH_LATER_MS,
  openStream,
  setupStream,
  speech,
} from "../../support/stages/stream-stage.ts";

test("turns audio into utterances and ends in order when it is asked to finish", async () => {
  await using world = await setupStream();
  const { simulator, listener } = world;
  const id = await listener.ready;
  const audio = speech(1);
  listener.send(audio);
  listener.stream.finish();
  listener.stream.finish();
  expect(await listener.ended).toBeUndefined();
  expect(simulator.observe()[0]).toMatchObject({ id, byteCount: audio.byteLength });
  expectFinals(listener, 1);
  const [final] = listener.finals;
  expect(final!.key).toStartWith(`${id}:`);
  expect(final!.text).toBe(final!.text.trim());
  expect(listener.utterances.some(({ isFinal }) => !isFinal)).toBe(true);
  expect(listener.reports).toEqual(["ready", "ended"]);
  expect(world.provider.streamCount).toBe(0);
  expect(simulator.openSessionCount).toBe(0);
  expect(world.tallies).toMatchObject({ provider_requests: 1, provider_retries: 0 });
});

test("[R10] audio that comes before the provider is ready is kept and heard first", async () => {
  await using world = await setupStream({ simulator: { postDelayMs: 20, openDelayMs: 20 } });
  const { listener } = world;
  const [early, late] = [speech(2), audioFrame(1000)];
  listener.send(early);
  expect(listener.reports).toEqual([]);
  await listener.ready;
  listener.send(late);
  listener.stream.finish();
  await listener.ended;
  expectFinals(listener, 2);
  expect(world.simulator.observe()[0]!.byteCount).toBe(early.byteLength + late.byteLength);
});

test("[R4] two streams never share a key, though their provider counts from zero in each", async () => {
  await using world = await setupStream();
  const listeners = [world.listener, world.open()];
  const keys = await Promise.all(
    listeners.map(async (listener) => {
      listener.send(speech(1));
      listener.stream.finish();
      await listener.ended;
      return listener.finals[0]!.key;
    }),
  );
  const [first, second] = keys.map((key) => key.split(":"));
  expect(first![0]).not.toBe(second![0]!);
  expect(first![1]).toBe(second![1]);
});

test("reports a refused request as the failure it is, and is never ready", async () => {
  await using simulator = await startSimulator({ apiKey: "another key" });
  using world = openStream({ apiUrl: simulator.url, apiKey: "a-wrong-key-that-nobody-may-see" });
  const failure = await world.listener.ended;
  expect(failure).toMatchObject({ code: "provider-refused", retryable: false });
  expect(Bun.inspect([failure, world.log.lines], { depth: 9 })).not.toContain("a-wrong-key");
  expect(world.listener.reports).toEqual(["ended"]);
});

test("[R11] asks again after a failure that may pass, and counts how often", async () => {
  await using world = await setupStream({
    faults: [{ kind: "refuse-posts", count: 2, status: 503 }],
  });
  await world.listener.ready;
  expect(world.listener.reports).toEqual(["ready"]);
  expect(world.tallies).toMatchObject({ provider_requests: 3, provider_retries: 2 });
});

test.each(WALL_CLOCK_STEPS_MS)(
  "[R11] [R34] a provider is asked, again and anew, though the wall clock is set by %d ms meanwhile",
  async (stepMs) => {
    await using world = await setupStream({
      faults: [{ kind: "refuse-posts", count: 2, status: 503 }],
    });
    await until(() => world.tallies.provider_retries === 1);
    await atWallClock(stepMs, async () => {
      await world.listener.ready;
      const later = world.open();
      await later.ready;
      later.send(speech(1));
      later.stream.finish();
      expect(await later.ended).toBeUndefined();
      expectFinals(later, 1);
    });
    expect(world.listener.reports).toEqual(["ready"]);
  },
);

test("streams beyond the account's places wait in line, and get theirs in order", async () => {
  await using world = await setupStream({ placesMax: 1 });
  const first = world.listener;
  const [second, third] = [world.open(), world.open()];
  await first.ready;
  expect([second.reports, third.reports]).toEqual([["queued 1"], ["ended"]]);
  expect((await third.ended)?.code).toBe("provider-busy");
  expect(world.provider).toMatchObject({ queuedCount: 1, streamCount: 2 });
  second.send(speech(1));
  first.stream.finish();
  await first.ended;
  await second.ready;
  second.stream.finish();
  expect(await second.ended).toBeUndefined();
  expectFinals(second, 1);
  expect(second.reports).toEqual(["queued 1", "ready", "ended"]);
});

test("a provider that is full makes a stream wait, and is asked again when it advises", async () => {
  await using world = await setupStream({
    faults: [{ kind: "refuse-posts", count: 1, status: 429, retryAfterSeconds: 1 }],
  });
  const { listener } = world;
  listener.send(speech(1));
  await until(() => listener.reports.includes("queued 1"));
  // Who waits has all the time there is.
  listener.stream.sweep(monotonicMs() + MUCH_LATER_MS);
  await listener.ready;
  listener.stream.finish();
  await listener.ended;
  expect(listener.reports).toEqual(["queued 1", "ready", "ended"]);
  expect(world.tallies.provider_requests).toBe(2);
  expectFinals(listener, 1);
});

test("[R16] who spoke and stopped while queued is heard when the place comes, seconds after a 429", async () => {
  const faults: Fault[] = [{ kind: "refuse-posts", count: 1, status: 429 }];
  await using world = await setupStream({ faults });
  const { listener } = world;
  listener.send(speech(2));
  listener.stream.finish();
  expect(await listener.ended).toBeUndefined();
  expect(listener.reports).toEqual(["queued 1", "ready", "ended"]);
  expectFinals(listener, 2);
});

test("[R12] who spoke while queued and is not waited for any longer is told that nobody heard it", async () => {
  await using world = await setupStream({ placesMax: 1 });
  await world.listener.ready;
  const waiting = world.open();
  waiting.send(audioFrame(1000));
  waiting.stream.abort();
  expect(waiting.reports).toEqual(["queued 1", "gap 0 to 1"]);
  expect(world.tallies.audio_dropped_bytes).toBe(audioFrame(1000).byteLength);
});

test("an abort during the request withdraws it, silently", async () => {
  const asked = Promise.withResolvers<void>();
  const withdrawn = Promise.withResolvers<void>();
  await using api = scriptedApi((_, gone) => {
    gone.addEventListener("abort", () => withdrawn.resolve());
    asked.resolve();
    return new Promise(() => {});
  });
  using world = openStream({ apiUrl: api.url });
  await asked.promise;
  world.listener.stream.abort();
  await withdrawn.promise;
  expect(world.provider.streamCount).toBe(0);
  expect(world.listener.reports).toEqual([]);
});

test("an abort of an open stream frees its place at the provider, silently", async () => {
  await using world = await setupStream();
  const { simulator, listener } = world;
  await listener.ready;
  listener.stream.abort();
  listener.stream.send(audioFrame(100));
  await until(() => simulator.openSessionCount === 0);
  expect(listener.reports).toEqual(["ready"]);
  expect(simulator.observe()[0]!.byteCount).toBe(0);
});

test("a URL that cannot be opened is not told to anybody", async () => {
  await using api = scriptedApi(() =>
    Response.json({ id: "session-1", url: "ws://127.0.0.1:1/v2/live?token=secret-token" }),
  );
  using world = openStream({ apiUrl: api.url, limits: { readyMs: 200 } });
  const failure = await world.listener.ended;
  expect(failure?.code).toBe("provider-timeout");
  expect(Bun.inspect([failure, world.log.lines], { depth: 9 })).not.toContain("secret-token");
});

test("passes over messages that make no sense, logs them unquoted, and goes on", async () => {
  await using server = socketThatSays([
    "a secret plan",
    '{"type":"transcript","data":{"id":"0","text":"a secret plan"}}',
    '{"type":"audio_chunk","acknowledged":false,"error":{"message":"too much"},"data":null}',
    '{"type":"transcript","data":{"id":"0","is_final":true,"utterance":{"text":" hello","start":0,"end":0.4}}}',
  ]);
  await using api = scriptedApi(() => Response.json({ id: "session-1", url: server.url }));
  using world = openStream({ apiUrl: api.url });
  const { listener, log } = world;
  await until(() => listener.utterances.length === 1);
  expect(listener.utterances[0]).toMatchObject({
    key: "session-1:0",
    text: "hello",
    isFinal: true,
  });
  expect(log.lines.map(({ sentence }) => sentence)).toEqual([
    "Skipped a message of the provider",
    "Skipped a message of the provider",
    "The provider refused a message",
  ]);
  expect(JSON.stringify(log.lines)).not.toContain("secret plan");
});

function socketThatSays(messages: readonly string[]): AsyncDisposable & { readonly url: string } {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request, self) => (self.upgrade(request) ? undefined : new Response()),
    websocket: {
      open: (socket) => messages.forEach((message) => socket.send(message)),
      message: () => undefined,
    },
  });
  return {
    url: server.url.href.replace("http", "ws"),
    [Symbol.asyncDispose]: () => server.stop(true),
  };
}
