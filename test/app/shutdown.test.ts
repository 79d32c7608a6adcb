import { expect, test } from "bun:test";
import { shutDown } from "../../src/app/shutdown.ts";
import { Metrics } from "../../src/observe/metrics.ts";
import { MemoryBudget } from "../../src/relay/memory-budget.ts";
import { SessionRegistry } from "../../src/relay/session/session-registry.ts";
import { ScriptedProvider } from "../support/actors/doubles/scripted-provider.ts";
import { fakeTime } from "../support/probes/fake-time.ts";
import { recordedLog } from "../support/probes/recorded-log.ts";
import { recognition, relayStage, sessionLimits, speaker } from "../support/stages/relay-stage.ts";

type Step = "announce" | "drain" | "stop timer" | "flush" | "end parts" | "stop";

const ORDER: readonly Step[] = ["announce", "drain", "stop timer", "flush", "end parts", "stop"];

const LIMIT_MS = 10_000;
const never = () => new Promise<never>(() => undefined);

/** Parts that note when they are let go of; `acts` replaces what one of them does. */
function setup(acts: Partial<Record<Step, () => unknown>> = {}) {
  const steps: Step[] = [];
  const log = recordedLog();
  const act = async <Value>(step: Step, value: Value): Promise<Value> => {
    steps.push(step);
    await acts[step]?.();
    return value;
  };
  const actNow = (step: Step) => {
    steps.push(step);
    acts[step]?.();
  };
  const parts = {
    clients: { announceDrain: () => actNow("announce") },
    sessions: {
      count: 1,
      drain: () => act("drain", undefined),
    },
    storage: {
      journal: { state: { rows: 3 } },
      queue: {
        stopFlushTimer: () => actNow("stop timer"),
        flushAllPending: () => act("flush", { kept: 2, lost: 1 }),
        getQueueMetrics: () => ({
          queueLength: 7,
          totalQueued: 0,
          totalFlushed: 0,
          totalErrors: 0,
          oldestAgeMs: 0,
          lastError: null,
          dropped: { "memory-full": 0, "dead-letters-full": 0 },
        }),
      },
    },
    made: { [Symbol.asyncDispose]: () => act("end parts", undefined) },
    listener: { stop: () => act("stop", undefined) },
    log,
  };
  return { parts, steps, log };
}

test("[R30] lets the parts go in order, and tells how many finals are lost", async () => {
  const { parts, steps, log } = setup();
  expect(await shutDown(parts, LIMIT_MS)).toBe(1);
  expect(steps).toEqual([...ORDER]);
  expect(log.lines.map(({ level, sentence }) => `${level}: ${sentence}`)).toEqual([
    "info: Draining",
    "warn: The journal keeps finals for the next start",
    "error: Finals are lost: neither database nor journal took them",
    "info: Shut down",
  ]);
});

test("[R30] ends within its limit when sessions, queue, database and listener all hang", async () => {
  using time = fakeTime();
  const { parts, steps, log } = setup({
    drain: never,
    flush: never,
    "end parts": never,
    stop: never,
  });
  let lost: number | undefined;
  void shutDown(parts, LIMIT_MS).then((count) => (lost = count));
  await time.advance(LIMIT_MS * 0.96);
  // What is queued and not in the journal.
  expect(lost).toBe(4);
  expect(steps).toEqual([...ORDER]);
  expect(log.linesOf("A step of the shutdown failed").map(({ fields }) => fields["step"])).toEqual([
    "waiting for the last finals",
    "writing what waits",
    "ending the parts",
    "closing the listener",
  ]);
});

test.each(["announce", "drain", "flush", "end parts", "stop"] as const)(
  "[R30] takes the steps after one that fails: %p",
  async (step) => {
    const { parts, steps, log } = setup({
      [step]: () => {
        throw new Error("the test broke it");
      },
    });
    await shutDown(parts, LIMIT_MS);
    expect(steps).toEqual([...ORDER]);
    expect(log.linesOf("A step of the shutdown failed")).toHaveLength(1);
  },
);

test("[R30] a thousand sessions end within the limit, half of them by force, and none loses a final", async () => {
  using time = fakeTime();
  const provider = new ScriptedProvider();
  const stage = relayStage();
  const { parts, steps } = setup();
  const sessions = new SessionRegistry(
    {
      provider,
      memory: new MemoryBudget(1e9),
      metrics: new Metrics(),
      record: stage.record,
      sink: stage.sink,
    },
    {
      sessionsMax: 1000,
      sessionsPerSubjectMax: 1000,
      sessionsPerCallMax: 1000,
      limits: sessionLimits,
    },
  );
  for (let opened = 0; opened < 1000; opened += 1) {
    sessions.open(speaker, recognition, stage.client, recordedLog());
    provider.stream.becomeReady();
  }
  let isOver = false;
  const made = { [Symbol.asyncDispose]: async () => sessions.stop() };
  void shutDown({ ...parts, sessions, made }, LIMIT_MS).then(() => (isOver = true));
  await time.settle();
  for (const [index, stream] of provider.streams.entries()) {
    expect(stream.finishCount).toBe(1);
    stream.say({ key: `provider:${index}` });
    if (index % 2 === 0) stream.end();
  }
  expect(sessions.count).toBe(500);
  expect(steps).toEqual(["announce"]);
  await time.advance(LIMIT_MS * 0.5);
  expect(isOver).toBe(true);
  expect(sessions.count).toBe(0);
  expect(stage.eventsOf("kept")).toHaveLength(1000);
  expect(stage.eventsOf("shown")).toHaveLength(1000);
  expect(stage.eventsOf("end")).toHaveLength(1000);
});
