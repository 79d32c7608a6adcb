import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startSimulator, type Simulator } from "../../../src/simulator/simulator.ts";
import type { Participant } from "../../support/actors/clients/speaker.ts";
import type { PostgresServer } from "../../support/actors/databases/postgres-server.ts";
import { createDatabaseOn, type TestDatabase } from "../../support/actors/databases/postgres.ts";
import {
  startPostgresProxy,
  type PostgresProxy,
} from "../../support/actors/networks/postgres-proxy.ts";
import {
  startTransactionPooler,
  type TransactionPooler,
} from "../../support/actors/networks/transaction-pooler.ts";
import type { Installation } from "../../support/actors/processes/executable.ts";
import { createRandom } from "../../support/probes/tones.ts";
import type { PlacedFinal } from "./comparison.ts";
import { RestlessCrowd, type Crowd, type CrowdDeps } from "./crowd.ts";
import { readDeadLetters, readStoredFinals } from "./kept-finals.ts";
import { RevivableGateway } from "./revivable-gateway.ts";

export interface StageDeps {
  readonly installation: Installation;
  /** Durable: commits that a crash takes away would be taken for finals that the gateway lost. */
  readonly server: PostgresServer;
}

export interface StageOptions {
  readonly clients: number;
  /** Decides every random choice. */
  readonly seed: number;
  readonly sync: "normal" | "full";
}

/** What is unusual in a world. */
export interface StageSetup {
  readonly name: string;
  /** In place of as many as are asked for. */
  readonly clients?: number;
  /** In place of a restless crowd. `seed` decides what befalls it. */
  readonly openCrowd?: (
    deps: CrowdDeps,
    members: readonly Participant[],
    seed: number,
  ) => Promise<Crowd>;
  /** See `SimulatorOptions`. */
  readonly recordAudio?: boolean;
  readonly poisonEvery?: number;
  readonly overlapEvery?: number;
  /** The gateway reaches the database through a proxy that loses the reply to every n-th batch. */
  readonly loseRepliesEvery?: number;
  /** The gateway reaches the database through a pooler of transactions with so many connections. */
  readonly pooledConnections?: number;
  /** Sessions without a row, for one client in twenty and at least one each. */
  readonly unknownSlugs?: readonly string[];
  /** No file that the gateway writes may be larger, in blocks of 512 bytes. */
  readonly fileBlocksMax?: number;
  readonly settings?: Readonly<Record<string, string>>;
}

/** A scenario's world: a database, a provider, a gateway on data of its own, and people who do not speak yet. */
export interface Stage extends AsyncDisposable {
  readonly server: PostgresServer;
  readonly database: TestDatabase;
  readonly proxy: PostgresProxy | undefined;
  readonly pooler: TransactionPooler | undefined;
  readonly gateway: RevivableGateway;
  readonly simulator: Simulator;
  readonly crowd: Crowd;
  /** In [0, 1). */
  readonly random: () => number;
  /** What has happened, for the report. */
  readonly facts: Record<string, number>;
  /** Everything that is wrong, beyond single finals. */
  readonly problems: string[];
  createCall(slug: string): Promise<void>;
  /** What is stored and what is set aside. The database has to be there, the gateway need not run. */
  readKept(): Promise<readonly PlacedFinal[]>;
}

const CALL_SLUGS = ["alpha", "bravo", "charlie", "delta"];
const UNKNOWN_SHARE = 0.05;

export async function openStage(
  { installation, server }: StageDeps,
  setup: StageSetup,
  { clients, seed, sync }: StageOptions,
): Promise<Stage> {
  await using opening = new AsyncDisposableStack();
  const database = opening.use(await createDatabaseOn(server));
  const createCall = async (slug: string) => {
    await database.query('INSERT INTO "VideoSession" ("id", "slug") VALUES ($1, $1)', [slug]);
  };
  await Promise.all(CALL_SLUGS.map(createCall));
  const simulator = opening.use(
    await startSimulator({
      poisonEvery: setup.poisonEvery ?? Infinity,
      overlapEvery: setup.overlapEvery ?? Infinity,
      recordAudio: setup.recordAudio ?? false,
    }),
  );
  const proxy =
    setup.loseRepliesEvery === undefined
      ? undefined
      : opening.use(await openProxy(database.url, setup.loseRepliesEvery));
  const pooler =
    setup.pooledConnections === undefined
      ? undefined
      : opening.use(await openPooler(database.url, setup.pooledConnections));
  const dataDirectory = join(installation.directory, setup.name);
  const gateway = opening.use(
    new RevivableGateway(await limitFiles(installation, setup.fileBlocksMax), {
      DATABASE_URL: pooler?.url ?? proxy?.url ?? database.url,
      DATA_DIR: dataDirectory,
      GLADIA_API_URL: simulator.url,
      // A crowd that comes back at once: sessions that it has abandoned end a moment later.
      GLADIA_MAX_SESSIONS: "1000",
      JOURNAL_SYNC: sync,
      SESSION_POLICY: "require",
      ...setup.settings,
    }),
  );
  await gateway.start();
  const members = createMembers(setup.clients ?? clients, setup.unknownSlugs ?? []);
  const crowdDeps = { gatewayUrl: () => gateway.url, random: createRandom(seed) };
  const crowd =
    (await setup.openCrowd?.(crowdDeps, members, seed)) ?? new RestlessCrowd(crowdDeps, members);
  opening.use(crowd);
  const opened = opening.move();
  return {
    server,
    database,
    proxy,
    pooler,
    gateway,
    simulator,
    crowd,
    // Not the crowd's: what goes wrong, and when, follows from the seed alone.
    random: createRandom(seed),
    facts: {},
    problems: [],
    createCall,
    readKept: async () => [
      ...(await readStoredFinals(database)),
      ...(await readDeadLetters(installation, dataDirectory)),
    ],
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

function openProxy(databaseUrl: string, loseEvery: number): Promise<PostgresProxy> {
  return startPostgresProxy(databaseUrl, {
    statement: 'INSERT INTO "public"."TranscriptSegment"',
    loseEvery,
  });
}

function openPooler(databaseUrl: string, connections: number): Promise<TransactionPooler> {
  return startTransactionPooler(databaseUrl, { connections, unknownOptions: "refuse" });
}

/** A file of which no more can be written is what a full disk looks like, without a disk to fill. */
async function limitFiles(installation: Installation, blocksMax?: number): Promise<Installation> {
  if (blocksMax === undefined) return installation;
  const path = `${installation.path}-${blocksMax}`;
  // Ignored, the signal of the limit leaves the failing write to the gateway.
  const script = `#!/bin/sh\ntrap '' XFSZ\nulimit -f ${blocksMax}\nexec '${installation.path}' "$@"\n`;
  await writeFile(path, script);
  await chmod(path, 0o755);
  return { ...installation, path };
}

function createMembers(count: number, unknownSlugs: readonly string[]): readonly Participant[] {
  const unknownCount =
    unknownSlugs.length === 0
      ? 0
      : Math.max(unknownSlugs.length, Math.round(count * UNKNOWN_SHARE));
  return Array.from({ length: count }, (_, index) => {
    const slugs = index < unknownCount ? unknownSlugs : CALL_SLUGS;
    return { sessionSlug: slugs[index % slugs.length]!, identity: `person-${index}` };
  });
}
