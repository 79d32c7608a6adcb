import { expect, spyOn, test } from "bun:test";
import { AppError } from "../../../src/kernel/errors.ts";
import { Metrics } from "../../../src/observe/metrics.ts";
import { MemoryBudget } from "../../../src/relay/memory-budget.ts";
import type { SpeechProvider } from "../../../src/relay/ports.ts";
import { SessionRegistry } from "../../../src/relay/session/session-registry.ts";
import { Session } from "../../../src/relay/session/session.ts";
import { ScriptedProvider } from "../../support/actors/doubles/scripted-provider.ts";
import { stoppedClocks } from "../../support/probes/fake-time.ts";
import { openedSession } from "../../support/probes/opened-session.ts";
import { recordedLog } from "../../support/probes/recorded-log.ts";
import { until } from "../../support/probes/until.ts";
import {
  audioFrame,
  BYTES_PER_MS,
  recognition,
  relayStage,
  sessionLimits,
  speaker,
} from "../../support/stages/relay-stage.ts";

interface Limits {
  readonly sessionsMax?: number;
  readonly perSubject?: number;
  readonly perCall?: number;
  readonly memory?: MemoryBudget;
}

function setup(options: Limits = {}) {
  const provider = new ScriptedProvider();
  const stage = relayStage();
  const metrics = new Metrics();
  const registry = createRegistry(provider, metrics, options);
  const tryOpen = (subject: string, sessionSlug: string) =>
    registry.open({ ...speaker, subject, sessionSlug }, recognition, stage.client, recordedLog());
  const open = (subject = "user-1", sessionSlug = "standup") =>
    openedSession(tryOpen(subject, sessionSlug));
  /** The limit that a further session would break; one that breaks none is let go of again. */
  const limitFor = (subject: string, sessionSlug = "standup") => {
    const opened = tryOpen(subject, sessionSlug);
    if (!(opened instanceof Session)) return opened;
    opened.abort(new AppError("internal", "the test ends it"));
    return undefined;
  };
  return {
    registry,
    provider,
    stage,
    metrics,
    open,
    limitFor,
    [Symbol.dispose]: () => registry.stop(),
  };
}

function createRegistry(
  provider: SpeechProvider,
  metrics: Metrics,
  { sessionsMax = 10, perSubject = 10, perCall = 10, memory = new MemoryBudget(1000) }: Limits = {},
): SessionRegistry {
  const { sink, record } = relayStage();
  return new SessionRegistry(
    { provider, sink, record, metrics, memory },
    {
      sessionsMax,
      sessionsPerSubjectMax: perSubject,
      sessionsPerCallMax: perCall,
      limits: sessionLimits,
    },
  );
}

test("[R23] counts sessions of the process until their end", () => {
  using world = setup({ sessionsMax: 2 });
  world.open("a");
  expect(world.limitFor("c")).toBeUndefined();
  const second = world.open("b");
  expect(world.limitFor("c")).toBe("capacity-exhausted");
  second.abort(new AppError("internal", "the test ends it"));
  expect(world.limitFor("c")).toBeUndefined();
  expect(world.registry.count).toBe(1);
});

test("[R23] counts sessions of each subject for themselves", () => {
  using world = setup({ perSubject: 2 });
  const first = world.open("a");
  world.open("a");
  expect(world.limitFor("a")).toBe("subject-limit");
  expect(world.limitFor("b")).toBeUndefined();
  first.abort(new AppError("internal", "the test ends it"));
  expect(world.limitFor("a")).toBeUndefined();
  world.open("a");
  expect(world.limitFor("a")).toBe("subject-limit");
});

test("[R23] counts sessions of each call for themselves, whoever speaks in it", () => {
  using world = setup({ perCall: 2 });
  const first = world.open("a", "standup");
  world.open("b", "standup");
  expect(world.limitFor("c", "standup")).toBe("call-limit");
  expect(world.limitFor("c", "retro")).toBeUndefined();
  world.open("c", "retro");
  first.abort(new AppError("internal", "the test ends it"));
  expect(world.limitFor("c", "standup")).toBeUndefined();
  world.open("c", "standup");
  expect(world.limitFor("d", "standup")).toBe("call-limit");
});

test("[R23] takes no session while four fifths of the memory are in use", () => {
  const memory = new MemoryBudget(1000);
  using world = setup({ memory });
  memory.take(799);
  expect(world.limitFor("a")).toBeUndefined();
  memory.take(1);
  expect(world.limitFor("a")).toBe("memory-exhausted");
  memory.give(1);
  expect(world.limitFor("a")).toBeUndefined();
});

test("[R23] names the process's limits before the subject's, and the subject's before the call's", () => {
  const memory = new MemoryBudget(1000);
  using world = setup({ sessionsMax: 3, perSubject: 2, perCall: 2, memory });
  world.open("a");
  world.open("a");
  expect(world.limitFor("a")).toBe("subject-limit");
  expect(world.limitFor("b")).toBe("call-limit");
  memory.take(1000);
  expect(world.limitFor("a")).toBe("memory-exhausted");
  memory.give(1000);
  world.open("b", "retro");
  memory.take(1000);
  expect(world.limitFor("a")).toBe("capacity-exhausted");
  void world.registry.drain(0);
  expect(world.limitFor("a")).toBe("draining");
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
  expect(world.limitFor("a")).toBe("draining");
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
  const first = registry.open(speaker, recognition, stage.client, recordedLog());
  expect(stage.eventsOf("end")[0]!.failure?.code).toBe("internal");
  expect(first).toBeInstanceOf(Session);
  // There is one place, and it is free again.
  expect(registry.open(speaker, recognition, stage.client, recordedLog())).toBeInstanceOf(Session);
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
  const drained = world.registry.drain(60_000);
  expect(sound!.finishCount).toBe(1);
  sound!.end();
  await drained;
});

test("[R14] fills no pause of the process with silence, and hears first what was said meanwhile", async () => {
  using clock = stoppedClocks();
  using world = setup();
  const session = world.open();
  const { stream } = world.provider;
  stream.becomeReady();
  session.acceptAudio(audioFrame(100));
  const sweeps = spyOn(session, "sweep");
  await until(() => sweeps.mock.calls.length > 0);
  clock.by(40_000);
  const looks = spyOn(performance, "now");
  await until(() => looks.mock.calls.length > 0);
  session.acceptAudio(audioFrame(100));
  const before = sweeps.mock.calls.length;
  await until(() => sweeps.mock.calls.length > before);
  expect(stream.sent.map(({ byteLength }) => byteLength / BYTES_PER_MS)).toEqual([100, 100]);
  // A process that is always late looks all the same.
  clock.by(40_000);
  await until(() => {
    clock.by(2000);
    return stream.sent.length > 2;
  });
  session.abort(new AppError("internal", "the test ends it"));
});
