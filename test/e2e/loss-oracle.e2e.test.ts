/** The part of the loss oracle that is quick enough for every run; `loss-oracle.ts` is the whole of it. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import type { PostgresServer } from "../support/actors/databases/postgres-server.ts";
import { startPreparedServer } from "../support/actors/databases/postgres.ts";
import {
  E2E_LIMIT_MS,
  installExecutable,
  type Installation,
} from "../support/actors/processes/executable.ts";
import { seededRandom } from "../support/probes/seeded-random.ts";
import { runScenario } from "./loss-oracle/scenario.ts";
import {
  calm,
  killed,
  overlappingFinals,
  poison,
  repliesLost,
  terminated,
} from "./loss-oracle/scenarios.ts";

const { seed } = seededRandom("loss oracle");

let installation: Installation;
let server: PostgresServer;

beforeAll(async () => {
  [installation, server] = await Promise.all([
    installExecutable(),
    startPreparedServer({ isDurable: true }),
  ]);
}, E2E_LIMIT_MS);

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await installation[Symbol.asyncDispose]();
});

test.each([
  ["[R2] [R20] in calm weather every final is kept, once and as it was shown", calm],
  ["[R1] kill -9 at random instants loses no final that anybody was shown", killed(3)],
  ["[R4] batches whose reply is lost are written again, and stand once", repliesLost],
  ["[R5] a final that the database refuses goes to the dead letters, alone", poison],
  ["[R11] finals of one speaker that overlap are all shown and kept", overlappingFinals],
  ["[R30] SIGTERM writes everything before the process ends with 0", terminated],
] as const)(
  "%s",
  async (_name, scenario) => {
    const outcome = await runScenario(
      scenario,
      { installation, server },
      { clients: 8, seed, sync: "normal" },
    );
    expect(outcome.problems, outcome.log).toEqual([]);
  },
  E2E_LIMIT_MS,
);
