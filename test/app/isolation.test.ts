/** R24 over all parts that a session is made of, real but for its client and the database: one fails, its neighbours go on. */
import { expect, test } from "bun:test";
import { AppError } from "../../src/kernel/errors.ts";
import { Metrics } from "../../src/observe/metrics.ts";
import { MemoryBudget } from "../../src/relay/memory-budget.ts";
import { SessionRegistry } from "../../src/relay/session/session-registry.ts";
import type { Fault } from "../../src/simulator/faults/fault.ts";
import { startSimulator } from "../../src/simulator/simulator.ts";
import { createGladiaAdapter } from "../../src/speech/gladia/gladia-adapter.ts";
import { GLADIA_STREAM_LIMITS } from "../../src/speech/gladia/gladia-limits.ts";
import { ProviderStreams } from "../../src/speech/stream/provider-streams.ts";
import { createTranscriptSink } from "../../src/transcripts/append-transcript-chunk.ts";
import type { Final } from "../../src/transcripts/final.ts";
import { DEFAULT_BATCH_QUEUE_CONFIG } from "../../src/transcripts/queue/batch-queue-config.ts";
import { TranscriptBatchQueue } from "../../src/transcripts/transcript-batch-queue.ts";
import { openedSession } from "../support/probes/opened-session.ts";
import { recordedLog } from "../support/probes/recorded-log.ts";
import { until } from "../support/probes/until.ts";
import { createJournalStage } from "../support/stages/journal-stage.ts";
import {
  audioFrame,
  recognition,
  relayStage,
  sessionLimits,
  speaker,
  type StageEvent,
} from "../support/stages/relay-stage.ts";
import { speech } from "../support/stages/stream-stage.ts";

const UTTERANCES = 3;

/** A gateway without its sockets. Finals of a few milliseconds share one transaction of its journal. */
async function setup(placesMax?: number) {
  await using opened = new AsyncDisposableStack();
  const simulator = await startSimulator();
  opened.defer(() => simulator.stop());
  const log = recordedLog();
  const metrics = new Metrics();
  const account = { apiKey: "key", apiUrl: simulator.url, region: undefined };
  const provider = new ProviderStreams(
    {
      adapter: createGladiaAdapter(account),
      log,
      tallies: metrics.tallies,
      memory: new MemoryBudget(1e9),
    },
    { placesMax, limits: GLADIA_STREAM_LIMITS },
  );
  opened.defer(() => provider.stop());
  const journal = opened.use(await createJournalStage()).open({ sync: "full" });
  const written: Final[] = [];
  const queue = new TranscriptBatchQueue(
    {
      writer: {
        write: async (finals) => {
          written.push(...finals);
          return { unknownCalls: [] };
        },
      },
      journal,
      deadLetters: { add: () => false },
      log,
      metrics,
    },
    { config: DEFAULT_BATCH_QUEUE_CONFIG, unknownSessionLimitMs: 0 },
  );
  queue.start();
  opened.defer(() => queue.stopFlushTimer());
  const sessions = new SessionRegistry(
    {
      provider,
      memory: new MemoryBudget(1e9),
      metrics,
      record: relayStage().record,
      sink: createTranscriptSink(queue),
    },
    { sessionsMax: 10, sessionsPerSubjectMax: 10, sessionsPerCallMax: 10, limits: sessionLimits },
  );
  opened.defer(() => sessions.stop());
  const open = (identity: string, broken?: StageEvent["kind"]) => {
    const stage = relayStage();
    if (broken !== undefined) stage.break(broken);
    const own = log.child({ connection: identity });
    const session = openedSession(
      sessions.open({ ...speaker, identity }, recognition, stage.client, own),
    );
    const speak = () => {
      const audio = speech(UTTERANCES);
      const { byteLength } = audioFrame(100);
      for (let from = 0; from < audio.byteLength; from += byteLength) {
        session.acceptAudio(audio.subarray(from, from + byteLength));
      }
    };
    return { identity, session, stage, speak };
  };
  const owned = opened.move();
  return {
    simulator,
    provider,
    log,
    open,
    writtenOf: (identity: string) => written.filter(({ speaker: by }) => by.identity === identity),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

interface Case {
  readonly broken: StageEvent["kind"];
  readonly fault?: Fault;
  /** Fewer places than sessions. */
  readonly placesMax?: number;
}

const CASES: readonly Case[] = [
  { broken: "ready" },
  { broken: "shown" },
  { broken: "interrupted", fault: { kind: "terminate" } },
  { broken: "resumed", fault: { kind: "terminate" } },
  { broken: "queued", placesMax: 2 },
];

test.each(CASES)(
  "[R24] a client that cannot be told $broken ends its own session, with its id in the log, and no other",
  async ({ broken, fault, placesMax }) => {
    await using world = await setup(placesMax);
    const lucky = [world.open("ada"), world.open("grace")];
    const unlucky = world.open("mallory", broken);
    for (const { speak } of [...lucky, unlucky]) speak();
    if (fault !== undefined) {
      await until(() => world.simulator.observe().length === lucky.length + 1);
      await until(() => world.simulator.observe().every(({ byteCount }) => byteCount > 0));
      world.simulator.inflict(fault);
    }
    for (const { session } of lucky) session.requestStop("client-stop");
    await until(() => unlucky.session.state === "ended");
    await untilAllIsKept(world, lucky);
    expect(unlucky.stage.eventsOf("end")[0]?.failure?.code).toBe("internal");
    expectOneCrash(world, "mallory");
    expect(world.provider.streamCount).toBe(0);
    expect(world.provider.queuedCount).toBe(0);
  },
);

test("[R24] a waiting client that cannot be told its new place keeps nobody behind it from being told", async () => {
  // As many may wait as there are places.
  await using world = await setup(3);
  for (const name of ["ada", "grace", "joan"]) world.open(name);
  const [leaving, unlucky, last] = ["leaving", "mallory", "last"].map((name) => world.open(name));
  unlucky!.stage.break("queued");
  leaving!.session.abort(new AppError("internal", "the test ends it"));
  // The places are told by a sweep of the line.
  await until(() => unlucky!.session.state === "ended");
  await until(() => last!.stage.eventsOf("queued").at(-1)?.position === 1);
  expectOneCrash(world, "mallory");
});

type World = Awaited<ReturnType<typeof setup>>;
type Opened = ReturnType<World["open"]>;

async function untilAllIsKept(world: World, opened: readonly Opened[]): Promise<void> {
  await until(() => opened.every(({ session }) => session.state === "ended"));
  for (const { identity, stage } of opened) {
    expect(stage.eventsOf("end")).toEqual([{ kind: "end", failure: undefined }]);
    expect(stage.eventsOf("shown").filter(isFinal)).toHaveLength(UTTERANCES);
    await until(() => world.writtenOf(identity).length === UTTERANCES);
  }
}

function expectOneCrash({ log }: World, identity: string): void {
  expect(log.linesOf("A session failed on our side").map(({ fields }) => fields)).toEqual([
    { connection: identity, problem: "Error", stack: expect.stringContaining("relay-stage.ts") },
  ]);
}

function isFinal({ transcript }: Extract<StageEvent, { kind: "shown" }>): boolean {
  return transcript.isFinal && transcript.text !== "";
}
