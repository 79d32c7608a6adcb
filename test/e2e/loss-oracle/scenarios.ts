/** Everything that may go wrong between a final that a client was shown and its row. */
import { sleep } from "../../../src/kernel/timers.ts";
import { until } from "../../support/probes/until.ts";
import { clientAway, clientChaos } from "./client-scenarios.ts";
import type { Final } from "./comparison.ts";
import { untilShown } from "./crowd.ts";
import { crashPostgres, exhaustConnections, leaveSearchPath } from "./postgres-faults.ts";
import { judge, type Scenario } from "./scenario.ts";
import type { Stage } from "./stage.ts";

/** 128 KiB: the finals of five seconds. */
const FULL_DISK_BLOCKS = 256;

/** So many take eight clients a few seconds. */
const FINALS_OF_A_CROWD = 100;

export const calm: Scenario = {
  name: "calm",
  async play({ crowd }) {
    await untilShown(crowd, FINALS_OF_A_CROWD);
    await sleep(3000);
  },
};

/**
 * `kill -9` at random instants after the first final: between two batches, while one is written, and before the first one is.
 * Goes on beyond `timesLeast` while nothing was left behind, which is chance.
 */
export function killed(timesLeast: number): Scenario {
  return {
    name: "killed",
    settings: { BATCH_FLUSH_INTERVAL_MS: "500" },
    async play({ gateway, crowd, random, facts, problems }) {
      let kills = 0;
      let inherited = 0;
      while (kills < timesLeast || (inherited === 0 && kills < 10 * timesLeast)) {
        await untilShown(crowd, 1);
        await sleep(random() * 1500);
        await gateway.kill();
        await gateway.start();
        kills += 1;
        inherited = countInherited(gateway.log);
      }
      await untilShown(crowd, 1);
      Object.assign(facts, { kills, inherited });
      if (inherited === 0) problems.push("expected a killed gateway to leave finals");
    },
  };
}

/** Every start says what it found, before it writes it. */
function countInherited(log: string): number {
  const found = log.matchAll(/"rows":(\d+),"msg":"Writing what an earlier process left"/g);
  return found.reduce((sum, [, rows]) => sum + Number(rows), 0);
}

const databaseStopped: Scenario = {
  name: "database-stopped",
  async play({ server }) {
    await sleep(2000);
    await server.stop();
    await sleep(20_000);
    await server.start();
    await sleep(2000);
  },
};

/** The server dies while a batch is being written, at first held up before its commit and then close to it. */
const databaseCrashed: Scenario = {
  name: "database-crashed",
  async play({ server, database, random, facts }) {
    facts["crashes"] = 6;
    for (let crash = 0; crash < facts["crashes"]; crash += 1) {
      await sleep(500 + random() * 1000);
      await crashPostgres(server, database.url, crash % 2 === 0 ? "before commit" : "near commit");
      await sleep(500);
      await server.start();
    }
    await sleep(2000);
  },
};

/** R4: what was committed unheard is written again. */
export const repliesLost: Scenario = {
  name: "replies-lost",
  loseRepliesEvery: 4,
  settings: { BATCH_FLUSH_INTERVAL_MS: "50" },
  async play({ proxy, facts }) {
    const countLost = () => proxy?.lostReplyCount ?? 0;
    await sleep(3000);
    await until(() => countLost() > 0);
    facts["lostReplies"] = countLost();
  },
};

/** R31: each transaction on another connection, and a neighbour who leaves a search path on all of them. */
const pooler: Scenario = {
  name: "pooler",
  pooledConnections: 3,
  settings: { BATCH_FLUSH_INTERVAL_MS: "50" },
  async play({ crowd, database, pooler: pool, facts, problems }) {
    await untilShown(crowd, FINALS_OF_A_CROWD);
    await database.query("CREATE SCHEMA elsewhere");
    if (pool !== undefined) await leaveSearchPath(pool.url, "elsewhere");
    await untilShown(crowd, FINALS_OF_A_CROWD);
    facts["transactions"] = pool?.transactionCount ?? 0;
    if (facts["transactions"] === 0) problems.push("expected transactions by way of the pooler");
  },
};

const connectionsExhausted: Scenario = {
  name: "connections-exhausted",
  async play({ database, facts, problems }) {
    await sleep(2000);
    facts["ended"] = await exhaustConnections(database.url, 8000);
    if (facts["ended"] === 0) problems.push("expected the gateway's connections, got none");
    await sleep(2000);
  },
};

const KEY = /^(.*:00_)(\d{8})$/;

/** R11: each final has a follower that overlaps it, under the next id; they come and stay together. */
export const overlappingFinals: Scenario = {
  name: "overlapping-finals",
  overlapEvery: 1,
  async play({ crowd, facts, problems }) {
    await untilShown(crowd, FINALS_OF_A_CROWD);
    await crowd.stop();
    const shown = new Set(crowd.shown.map(({ utteranceKey }) => utteranceKey));
    const followed = [...shown].filter((key) => Number(KEY.exec(key)?.[2]) % 2 === 0);
    const lonely = followed.filter((key) => !shown.has(followerOf(key)));
    facts["followed"] = followed.length;
    problems.push(...lonely.map((key) => `not shown: what follows ${key}`));
  },
};

function followerOf(key: string): string {
  return key.replace(KEY, (_, head: string, count: string) => {
    return `${head}${String(Number(count) + 1).padStart(8, "0")}`;
  });
}

const isPoisoned = ({ text }: Final): boolean => text.includes("\u0000");

export const poison: Scenario = {
  name: "poison",
  poisonEvery: 100,
  placeOf: (final) => (isPoisoned(final) ? "dead-letters" : "database"),
  async play({ crowd }) {
    await untilShown(crowd, 2, isPoisoned);
    await sleep(1000);
  },
};

const LATE = "late";
const NEVER = "never";

/** The application creates one call late, but in time, and the other one not at all. */
const unknownCalls: Scenario = {
  name: "unknown-calls",
  unknownSlugs: [LATE, NEVER],
  settings: { UNKNOWN_SESSION_LIMIT_MS: "8000" },
  placeOf: ({ sessionSlug }) => (sessionSlug === NEVER ? "dead-letters" : "database"),
  async play({ crowd, createCall, facts, problems }) {
    await sleep(4000);
    await createCall(LATE);
    await sleep(4000);
    for (const slug of [LATE, NEVER]) {
      const count = crowd.shown.filter(({ sessionSlug }) => sessionSlug === slug).length;
      facts[slug] = count;
      if (count === 0) problems.push(`expected finals of the call "${slug}", got none`);
    }
  },
};

/** R6: the database is away until the journal cannot grow; clients are told, and nothing is dropped uncounted. */
const diskFull: Scenario = {
  name: "disk-full",
  fileBlocksMax: FULL_DISK_BLOCKS,
  mayLose: "counted",
  async play(stage) {
    await fillDisk(stage);
    await stage.server.start();
    await sleep(3000);
  },
};

/** R1, R6: finals that are in memory alone die with the process, and nobody was left in the belief that they are safe. */
const diskFullKilled: Scenario = {
  name: "disk-full-killed",
  fileBlocksMax: FULL_DISK_BLOCKS,
  mayLose: "told",
  async play(stage) {
    await fillDisk(stage);
    await stage.gateway.kill();
    await stage.server.start();
  },
};

export const terminated: Scenario = {
  name: "terminated",
  async play(stage) {
    await untilShown(stage.crowd, FINALS_OF_A_CROWD);
    expectExit(stage, 0, await stage.gateway.terminate());
    await stage.crowd.stop();
    const { missing } = judge(stage, await stage.readKept());
    if (missing.length > 0) {
      stage.problems.push(`${missing.length} finals waited for the next start`);
    }
  },
};

const terminatedWithoutDatabase: Scenario = {
  name: "terminated-without-database",
  settings: { SHUTDOWN_DEADLINE_MS: "4000" },
  async play(stage) {
    await sleep(2000);
    await stage.server.stop();
    await sleep(1000);
    expectExit(stage, 0, await stage.gateway.terminate());
    await stage.server.start();
  },
};

/** Without the database the shutdown would take its time: the second signal ends it at once. */
const terminatedTwice: Scenario = {
  name: "terminated-twice",
  settings: { SHUTDOWN_DEADLINE_MS: "60000" },
  async play(stage) {
    await sleep(2000);
    await stage.server.stop();
    await sleep(1000);
    const startedAtMs = performance.now();
    expectExit(stage, 1, await stage.gateway.terminate(2));
    const durationMs = Math.round(performance.now() - startedAtMs);
    stage.facts["shutdownMs"] = durationMs;
    if (durationMs > 2000) {
      stage.problems.push(`expected an end at once, got one in ${durationMs} ms`);
    }
    await stage.server.start();
  },
};

export const SCENARIOS: readonly Scenario[] = [
  calm,
  killed(10),
  databaseStopped,
  databaseCrashed,
  repliesLost,
  pooler,
  connectionsExhausted,
  poison,
  overlappingFinals,
  unknownCalls,
  diskFull,
  diskFullKilled,
  terminated,
  terminatedWithoutDatabase,
  terminatedTwice,
  clientChaos(100, { utterances: 36, faults: 5 }),
  clientAway(20, { utterances: 24, faults: 2 }),
];

/** Returns while the database is still away. */
async function fillDisk({ server, crowd, random, facts, problems }: Stage): Promise<void> {
  await sleep(1000);
  await server.stop();
  await sleep(9000 + random() * 2000);
  facts["atRisk"] = crowd.shown.filter(({ isAtRisk }) => isAtRisk).length;
  facts["told"] = crowd.messages.filter(
    (message) => message.type === "status" && message.state === "unjournaled",
  ).length;
  if (facts["told"] === 0) {
    problems.push("expected clients to hear that the journal takes no finals");
  }
}

function expectExit({ problems }: Stage, expected: number, got: number): void {
  if (got !== expected) problems.push(`expected exit code ${expected}, got ${got}`);
}
