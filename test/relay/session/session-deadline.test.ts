import { expect, test } from "bun:test";
import { monotonicMs } from "../../../src/kernel/timers.ts";
import { Metrics } from "../../../src/observe/metrics.ts";
import { MemoryBudget } from "../../../src/relay/memory-budget.ts";
import { SessionRegistry } from "../../../src/relay/session/session-registry.ts";
import { ScriptedProvider } from "../../support/actors/doubles/scripted-provider.ts";
import { fakeTime } from "../../support/probes/fake-time.ts";
import { openedSession } from "../../support/probes/opened-session.ts";
import { recordedLog } from "../../support/probes/recorded-log.ts";
import {
  recognition,
  relayStage,
  sessionLimits,
  speaker,
} from "../../support/stages/relay-stage.ts";

/** One look of the registry's sweep, which is how late a deadline may be noticed. */
const SWEEP_MS = 100;

function setup() {
  const time = fakeTime();
  const provider = new ScriptedProvider();
  const stage = relayStage();
  const registry = new SessionRegistry(
    {
      provider,
      sink: stage.sink,
      record: stage.record,
      metrics: new Metrics(),
      memory: new MemoryBudget(2 ** 30),
    },
    {
      sessionsMax: 10,
      sessionsPerSubjectMax: 10,
      sessionsPerCallMax: 10,
      limits: sessionLimits,
    },
  );
  const session = openedSession(registry.open(speaker, recognition, stage.client, recordedLog()));
  return {
    time,
    session,
    registry,
    provider,
    stage,
    stream: provider.stream,
    failure: () => stage.eventsOf("end")[0]?.failure,
    [Symbol.dispose]: () => {
      registry.stop();
      time[Symbol.dispose]();
    },
  };
}

/** Says how long the session lived from now on, in milliseconds. */
async function lifeOf(world: ReturnType<typeof setup>): Promise<number> {
  const fromMs = monotonicMs();
  while (world.session.state !== "ended" && monotonicMs() - fromMs < 60_000) {
    await world.time.advance(10);
  }
  return monotonicMs() - fromMs;
}

function expectNear(livedMs: number, limitMs: number): void {
  expect(livedMs).toBeGreaterThanOrEqual(limitMs);
  expect(livedMs).toBeLessThanOrEqual(limitMs + SWEEP_MS);
}

test("a session has no limit of its own before its stop, ready or not", async () => {
  using world = setup();
  await world.time.advance(60_000);
  expect(world.session.state).toBe("opening");
  world.stream.becomeReady();
  await world.time.advance(60_000);
  expect(world.session.state).toBe("live");
});

test("the stream is swept ten times a second, in every state", async () => {
  using world = setup();
  const sweepsOfASecond = async () => {
    const before = world.stream.sweepCount;
    await world.time.advance(1000);
    return world.stream.sweepCount - before;
  };
  expect(await sweepsOfASecond()).toBe(10);
  world.stream.becomeReady();
  expect(await sweepsOfASecond()).toBe(10);
  world.session.requestStop("client-stop");
  expect(await sweepsOfASecond()).toBe(10);
});

test("[R15] trailing finals are awaited within a limit that repeated stops do not prolong", async () => {
  using world = setup();
  world.stream.becomeReady();
  await world.time.advance(60_000);
  world.session.requestStop("client-stop");
  await world.time.advance(4000);
  world.session.requestStop("client-gone");
  expectNear(await lifeOf(world), 6000);
  expect(world.failure()?.code).toBe("provider-timeout");
});

test("[R15] a stop before the provider is ready leaves it the limit for its finals", async () => {
  using world = setup();
  world.session.requestStop("client-stop");
  expect(world.stream.finishCount).toBe(1);
  expectNear(await lifeOf(world), 10_000);
  expect(world.stream.isAborted).toBe(true);
  expect(world.failure()?.code).toBe("provider-timeout");
});

test("[R30] a drain ends every session within its limit, ready or not", async () => {
  using world = setup();
  const other = openedSession(
    world.registry.open(speaker, recognition, world.stage.client, recordedLog()),
  );
  world.stream.becomeReady();
  const drained = world.registry.drain(4000);
  await world.time.advance(3900);
  expect(world.session.state).toBe("finishing");
  expect(other.state).toBe("finishing");
  await world.time.advance(100 + SWEEP_MS);
  await drained;
  expect(world.registry.count).toBe(0);
});
