/**
 * What a thousand strangers cost those who speak: the time that a final takes from the frame that ends its utterance to its
 * client, alone and beside each kind of stranger, in one run.
 *
 *     bun run test/bench/strangers.bench.ts [--speakers 50] [--strangers 1000] [--seconds 30]
 *
 * Gateway, PostgreSQL, speakers and strangers are processes of their own; this one is the provider. Prints one line of JSON;
 * README.md beside this file says what it means.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { every, sleep } from "../../src/kernel/timers.ts";
import { startSimulator } from "../../src/simulator/simulator.ts";
import { findUnrest, readVitals } from "../e2e/fuzz/vitals.ts";
import { createDatabaseOn, startPreparedServer } from "../support/actors/databases/postgres.ts";
import { installExecutable } from "../support/actors/processes/executable.ts";
import { startGateway } from "../support/actors/processes/gateway-process.ts";
import { describeCircumstances, rounded } from "./machine.ts";
import { startSpeakers } from "./strangers/speakers.ts";
import { startStrangers, STRANGER_KINDS, type StrangerKind } from "./strangers/strangers.ts";

/** The sample's first finals come after a few seconds, and all speakers have begun after twelve. */
const WARM_UP_SECONDS = 16;
/** Strangers have arrived, but what their arrival cost is still being worked off. */
const ARRIVAL_SECONDS = 5;
/** Sessions of strangers that are gone end one by one. */
const LEAVE_LIMIT_SECONDS = 120;
/** Per stranger a socket of the client's and one to the provider, and as many again that are being closed. */
const FILES_PER_STRANGER = 4;
const TICK_MS = 5;

const { values } = parseArgs({
  options: {
    speakers: { type: "string", default: "50" },
    strangers: { type: "string", default: "1000" },
    seconds: { type: "string", default: "30" },
  },
});
const [speakerCount, strangerCount, seconds] = [
  values.speakers,
  values.strangers,
  values.seconds,
].map(Number) as [number, number, number];
if (!(speakerCount > 0 && strangerCount > 0 && seconds > 0)) {
  throw new Error(`expected positive numbers, got ${JSON.stringify(values)}`);
}
await checkFileLimit(strangerCount * FILES_PER_STRANGER);

await using opened = new AsyncDisposableStack();
const server = opened.use(await startPreparedServer());
const database = opened.use(await createDatabaseOn(server));
const simulator = opened.use(await startSimulator());
const installation = opened.use(await installExecutable());
const gateway = opened.use(
  await startGateway(installation, {
    DATABASE_URL: database.url,
    DATA_DIR: join(installation.directory, "data"),
    GLADIA_API_URL: simulator.url,
    GLADIA_MAX_SESSIONS: "10000",
    // As if they came from everywhere: what they cost is measured, not how they are kept out.
    MAX_ATTEMPTS_PER_ADDRESS: "1000000",
    MAX_SESSIONS: "10000",
    SESSION_POLICY: "create",
  }),
);
const speakers = opened.use(await startSpeakers(gateway.url, speakerCount));
await sleep(WARM_UP_SECONDS * 1000);

const alone = await measure();
const scenes: Partial<Record<StrangerKind, unknown>> = {};
for (const kind of STRANGER_KINDS) {
  scenes[kind] = await measureBeside(kind);
  await awaitLeave();
}
const aloneAgain = await measure();
console.log(
  JSON.stringify({
    bench: "strangers",
    ...(await describeCircumstances(database)),
    speakers: speakerCount,
    strangers: strangerCount,
    seconds,
    alone,
    ...scenes,
    aloneAgain,
  }),
);

async function measureBeside(kind: StrangerKind) {
  await using strangers = await startStrangers(kind, gateway.url, strangerCount);
  await sleep(ARRIVAL_SECONDS * 1000);
  const connectionsBefore = await strangers.countConnections();
  const beside = await measure();
  const connections = (await strangers.countConnections()) - connectionsBefore;
  return {
    ...beside,
    ratio: {
      p50: rounded(beside.finalMs.p50 / alone.finalMs.p50),
      p99: rounded(beside.finalMs.p99 / alone.finalMs.p99),
    },
    connectionsPerSecond: rounded(connections / seconds),
  };
}

/** Watches how late this process comes to its own timers: what the provider adds to every final is of that size. */
function watchLateness() {
  const latenessMs: number[] = [];
  let dueAtMs = performance.now() + TICK_MS;
  const timer = every(TICK_MS, () => {
    latenessMs.push(Math.max(0, performance.now() - dueAtMs));
    dueAtMs = performance.now() + TICK_MS;
  });
  return {
    stop() {
      timer.stop();
      return latenessMs;
    },
  };
}

/** Everything over the next `seconds`. */
async function measure() {
  await speakers.report();
  const before = await readVitals(gateway.url);
  const lateness = watchLateness();
  await sleep(seconds * 1000);
  const latenessMs = lateness.stop();
  const after = await readVitals(gateway.url);
  const { latenciesMs, missing, closed } = await speakers.report();
  const spent = (name: string) => after.figures.get(name)! - before.figures.get(name)!;
  return {
    finalMs: quantilesOf(latenciesMs),
    providerLateMs: quantilesOf(latenessMs),
    finals: latenciesMs.length,
    finalsMissing: missing,
    speakersClosed: closed,
    gatewayCpuShare: rounded(spent("process_cpu_seconds_total") / seconds),
    gatewayResidentMiB: Math.round(after.residentBytes / 1_048_576),
    connections: after.figures.get("stenogate_connections_active")!,
    partialsPerSecond: rounded(spent("stenogate_partials_sent_total") / seconds),
  };
}

function quantilesOf(durationsMs: readonly number[]) {
  const sorted = durationsMs.toSorted((one, other) => one - other);
  const at = (share: number) => rounded(sorted[Math.ceil(share * sorted.length) - 1]!);
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}

async function awaitLeave(): Promise<void> {
  for (let waited = 0; waited < LEAVE_LIMIT_SECONDS; waited += 1) {
    const vitals = await readVitals(gateway.url);
    if (vitals.figures.get("stenogate_provider_streams_active") === speakerCount) return;
    await sleep(1000);
  }
  throw new Error(
    `expected the strangers' sessions to end: ${findUnrest(await readVitals(gateway.url)).join(", ")}`,
  );
}

/** Bun raises its own limit as far as it may; children have what this process has. */
async function checkFileLimit(least: number): Promise<void> {
  const limits = await Bun.file("/proc/self/limits").text();
  const [, soft] = /^Max open files +(\d+|unlimited)/m.exec(limits) ?? [];
  if (soft === "unlimited" || Number(soft) >= least) return;
  throw new Error(
    `expected at least ${least} open files to be allowed, got ${soft}: raise "ulimit -n"`,
  );
}
