/** One run: a world, a warm-up, the attacks with the canary among them, and what is left when all are gone. */
import { join } from "node:path";
import { sleep } from "../../../src/kernel/timers.ts";
import { loadSample, type Sample } from "../../../src/simulator/sample/sample.ts";
import { startSimulator } from "../../../src/simulator/simulator.ts";
import type { TestDatabase } from "../../support/actors/databases/postgres.ts";
import type { Installation } from "../../support/actors/processes/executable.ts";
import {
  startGateway,
  type GatewayProcess,
} from "../../support/actors/processes/gateway-process.ts";
import { runCampaign, type CampaignOptions } from "./campaign.ts";
import { Canary } from "./canary.ts";
import { Lurkers } from "./lurkers.ts";
import { judgeCanary, judgeLog, judgeVitals } from "./verdict.ts";
import { findUnrest, readVitals, type Vitals } from "./vitals.ts";

export interface FuzzDeps {
  readonly installation: Installation;
  /** Migrated. */
  readonly database: TestDatabase;
}

export interface FuzzOptions extends CampaignOptions {
  /** The same attacks before anything is measured: caches fill, code is compiled. */
  readonly warmUpSeconds: number;
}

export interface FuzzOutcome {
  readonly problems: readonly string[];
  readonly counts: ReadonlyMap<string, number>;
  readonly finals: number;
  /** Nothing when the process did not live to the end. */
  readonly vitals: { readonly before: Vitals; readonly after: Vitals } | undefined;
  readonly log: string;
}

/** Sessions of clients that are gone end when their last finals are in: 20 s and more for whoever never got a provider. */
const REST_LIMIT_MS = 90_000;
/** Memory comes back when the collector finds the time. */
const MEMORY_LIMIT_MS = 60_000;
const LOOK_MS = 500;

export async function runFuzz(
  { installation, database }: FuzzDeps,
  options: FuzzOptions,
): Promise<FuzzOutcome> {
  const sample = await loadSample();
  await using simulator = await startSimulator();
  await using gateway = await startGateway(installation, {
    DATABASE_URL: database.url,
    DATA_DIR: join(installation.directory, `fuzz-${options.seed}`),
    GLADIA_API_URL: simulator.url,
    // The strangers come from one address and are never to be refused for it alone.
    MAX_ATTEMPTS_PER_ADDRESS: "1000000",
    MAX_ATTEMPTS_PER_SUBJECT: "1000000",
    GLADIA_MAX_SESSIONS: "1000",
    RESUME_GRACE_MS: "1000",
    SESSION_POLICY: "create",
  });
  let exitCode: number | undefined;
  void gateway.exited.then((code) => (exitCode = code));
  try {
    return await storm(gateway, sample, options);
  } catch (error) {
    // Nobody stops it before the end: what failed then is that it was gone.
    await sleep(LOOK_MS);
    if (exitCode === undefined) throw error;
    const problems = [`the process ended with ${exitCode}`, ...judgeLog(gateway.log)];
    return { problems, counts: new Map(), finals: 0, vitals: undefined, log: gateway.log };
  }
}

/** Rejects when the gateway is gone. */
async function storm(
  gateway: GatewayProcess,
  sample: Sample,
  options: FuzzOptions,
): Promise<FuzzOutcome> {
  const ground = { url: gateway.url, pcm: sample.pcm };
  const warmUp = { ...options, seed: options.seed + 1, seconds: options.warmUpSeconds };
  const warmedUp = await runCampaign(ground, () => [], warmUp);
  const { vitals: before, unrest } = await settle(gateway);

  await using lurkers = await Lurkers.open(gateway.url);
  const canary = await Canary.start(gateway.url, sample);
  const campaign = await runCampaign(ground, () => canary.resumeIds, options);
  const canaryOutcome = await canary.stop();
  const lurkersLeft = await lurkers.countLeft();
  const { vitals: after, unrest: unrestAfter } = await settle(gateway, before);
  const problems = [
    ...warmedUp.problems,
    ...unrest,
    ...campaign.problems,
    ...judgeCanary(canaryOutcome),
    ...(lurkersLeft > 0 ? [`${lurkersLeft} requests that never came whole were not ended`] : []),
    ...unrestAfter,
    ...judgeVitals(before, after),
    ...judgeLog(gateway.log),
    ...(await stop(gateway)),
  ];
  const { counts } = campaign;
  const finals = canaryOutcome.shown.length;
  return { problems, counts, finals, vitals: { before, after }, log: gateway.log };
}

/** Waits until nobody is left and, with a level to come back to, until memory is near it: as long as that may take. */
async function settle(gateway: GatewayProcess, level?: Vitals) {
  const beganAtMs = performance.now();
  for (;;) {
    const vitals = await readVitals(gateway.url);
    const unrest = findUnrest(vitals);
    const waitedMs = performance.now() - beganAtMs;
    const isHeavy = level !== undefined && judgeVitals(level, vitals).length > 0;
    const isDone = unrest.length === 0 && !(isHeavy && waitedMs < MEMORY_LIMIT_MS);
    if (isDone || waitedMs > REST_LIMIT_MS) return { vitals, unrest };
    await sleep(LOOK_MS);
  }
}

/** Whoever lives after all of this also ends as it should. */
async function stop(gateway: GatewayProcess): Promise<readonly string[]> {
  gateway.signal("SIGTERM");
  const exitCode = await gateway.exited;
  return exitCode === 0 ? [] : [`expected exit code 0 on SIGTERM, got ${exitCode}`];
}
