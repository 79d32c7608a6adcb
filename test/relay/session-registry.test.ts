import { expect, test } from "bun:test";
import { AppError } from "../../src/kernel/errors.ts";
import { Metrics } from "../../src/observe/metrics.ts";
import type { SpeechProvider } from "../../src/relay/ports.ts";
import { SessionRegistry } from "../../src/relay/session-registry.ts";
import { recordedLog } from "../support/recorded-log.ts";
import { recognition, relayStage, sessionLimits, speaker } from "../support/relay-stage.ts";
import { ScriptedProvider } from "../support/scripted-provider.ts";

function setup(options: { sessionsMax?: number; perSubject?: number } = {}) {
  const provider = new ScriptedProvider();
  const stage = relayStage();
  const metrics = new Metrics();
  const registry = createRegistry(provider, metrics, options);
  const open = (subject = "user-1") =>
    registry.open({ ...speaker, subject }, recognition, stage.client, recordedLog());
  return { registry, provider, stage, metrics, open, [Symbol.dispose]: () => registry.stop() };
}

function createRegistry(
  provider: SpeechProvider,
  metrics: Metrics,
  { sessionsMax = 10, perSubject = 10 }: { sessionsMax?: number; perSubject?: number } = {},
): SessionRegistry {
  const { sink, record } = relayStage();
  return new SessionRegistry(
    { provider, sink, record, metrics },
    {
      sessionsMax,
      sessionsPerSubjectMax: perSubject,
      limits: sessionLimits,
    },
  );
}

test("[R23] counts sessions of the process until their end", () => {
  using world = setup({ sessionsMax: 2 });
  world.open("a");
  expect(world.registry.limitReachedBy("c")).toBeUndefined();
  const second = world.open("b");
  expect(world.registry.limitReachedBy("c")).toBe("capacity-exhausted");
  second.abort(new AppError("internal", "the test ends it"));
  expect(world.registry.limitReachedBy("c")).toBeUndefined();
  expect(world.registry.count).toBe(1);
});

test("[R23] counts sessions of each subject for themselves", () => {
  using world = setup({ perSubject: 2 });
  const first = world.open("a");
  world.open("a");
  expect(world.registry.limitReachedBy("a")).toBe("subject-limit");
  expect(world.registry.limitReachedBy("b")).toBeUndefined();
  first.abort(new AppError("internal", "the test ends it"));
  expect(world.registry.limitReachedBy("a")).toBeUndefined();
  world.open("a");
  expect(world.registry.limitReachedBy("a")).toBe("subject-limit");
});

test("counts starts and, by cause, ends", async () => {
  using world = setup();
  world.open();
  world.provider.stream.end(new AppError("provider-busy", "no free session"));
  expect(world.metrics.tallies.sessions_started).toBe(1);
  expect(await world.metrics.exposition()).toContain(
    'stenogate_session_ends_total{cause="provider-busy"} 1',
  );
});

test("[R30] a drain asks every session to finish and waits for the last one", async () => {
  using world = setup();
  world.open();
  world.open();
  const [first, second] = world.provider.streams;
  first!.becomeReady();
  second!.becomeReady();
  let isDrained = false;
  const drained = world.registry.drain(60_000).then(() => {
    isDrained = true;
  });
  expect([first!.finishCount, second!.finishCount]).toEqual([1, 1]);
  first!.end();
  await Promise.resolve();
  expect(isDrained).toBe(false);
  second!.end();
  await drained;
  expect(world.registry.count).toBe(0);
});

test("[R30] takes no session after its drain has begun, not even while it is empty", async () => {
  using world = setup();
  await world.registry.drain(1000);
  expect(world.registry.limitReachedBy("a")).toBe("draining");
  await world.registry.drain(1000);
});

test("[R24] a provider that throws when it is asked for a stream costs that session only", () => {
  const broken: SpeechProvider = {
    open: () => {
      throw new Error("the test broke the provider");
    },
  };
  const registry = createRegistry(broken, new Metrics(), { sessionsMax: 1 });
  const stage = relayStage();
  registry.open(speaker, recognition, stage.client, recordedLog());
  expect(stage.eventsOf("end")[0]!.failure?.code).toBe("internal");
  expect(registry.limitReachedBy("user-1")).toBeUndefined();
  registry.stop();
});

test("[R24] one session that cannot be finished does not keep the others from their drain", async () => {
  using world = setup();
  world.open();
  world.open();
  const [broken, sound] = world.provider.streams;
  broken!.becomeReady();
  sound!.becomeReady();
  broken!.bug = new Error("the test broke the stream");
  const drained = world.registry.drain(1000);
  expect(sound!.finishCount).toBe(1);
  sound!.end();
  await drained;
});
