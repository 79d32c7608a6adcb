/**
 * How fast finals are written, by the gateway and by its rivals, into one PostgreSQL whose commits reach the disk.
 *
 *     bun run test/bench/batch-writer.bench.ts [--rows 30000] [--round-trip-ms 0]
 *
 * Every way writes the same number of finals in each round, one way after the other, so that a disturbance hits them all; the
 * first round warms up and does not count. Prints one line of JSON; README.md beside this file says what it means.
 */
import { parseArgs } from "node:util";
import { openDatabase } from "../../src/database/db.ts";
import type { Final } from "../../src/transcripts/final.ts";
import {
  BACKLOG_BATCH_ROWS,
  BACKLOG_STATEMENTS,
} from "../../src/transcripts/queue/waiting-finals.ts";
import { createDatabaseOn, startPreparedServer } from "../support/actors/databases/postgres.ts";
import { addDistance } from "./distance.ts";
import { createFinals } from "./finals.ts";
import { describeCircumstances, rounded } from "./machine.ts";
import {
  createWriteSchemes,
  SCHEME_NAMES,
  type SchemeName,
  type WriteScheme,
} from "./write-schemes.ts";

const ROUNDS = 5;

/** A round is whole batches of the largest kind. */
const ROUND_STEP = BACKLOG_STATEMENTS * BACKLOG_BATCH_ROWS;

/** As many as the gateway opens. */
const CONNECTIONS_MAX = 5;

interface Round {
  readonly seconds: number;
  readonly cpuMicros: number;
  readonly statements: number;
}

interface Figures {
  readonly rowsPerSecond: number;
  readonly statementsPer1000: number;
  readonly cpuMicrosPerFinal: number;
}

const { values } = parseArgs({
  options: {
    rows: { type: "string", default: "30000" },
    "round-trip-ms": { type: "string", default: "0" },
  },
});
const roundTripMs = Number(values["round-trip-ms"]);
const roundRows = Math.ceil(Number(values.rows) / ROUNDS / ROUND_STEP) * ROUND_STEP;
if (!(roundRows > 0 && roundTripMs >= 0)) {
  throw new Error(`expected positive numbers, got ${JSON.stringify(values)}`);
}

await using opened = new AsyncDisposableStack();
const server = opened.use(await startPreparedServer({ isDurable: true }));
const target = opened.use(await createDatabaseOn(server));
const distant = roundTripMs === 0 ? target : opened.use(await addDistance(target.url, roundTripMs));
const options = { url: distant.url, connectionsMax: CONNECTIONS_MAX };
const database = await openDatabase({ kind: "postgres", ...options });
opened.defer(() => database.close());
const { schemes } = opened.use(await createWriteSchemes(database, options));

const figures = await measure();
const ratio = (one: SchemeName, other: SchemeName) =>
  rounded(figures.get(one)!.rowsPerSecond / figures.get(other)!.rowsPerSecond);
console.log(
  JSON.stringify({
    bench: "batch-writer",
    ...(await describeCircumstances(target)),
    rows: ROUNDS * roundRows,
    roundTripMs,
    figures: Object.fromEntries(figures),
    ratios: {
      "store-100/upsert-transaction": ratio("store-100", "upsert-transaction"),
      "store-1000/upsert-transaction": ratio("store-1000", "upsert-transaction"),
      "store-backlog/upsert-transaction": ratio("store-backlog", "upsert-transaction"),
      "copy-stored/store-100": ratio("copy-stored", "store-100"),
      "copy-keyed/store-100": ratio("copy-keyed", "store-100"),
      "copy-keyed/store-backlog": ratio("copy-keyed", "store-backlog"),
      "copy-bare/store-100": ratio("copy-bare", "store-100"),
    },
  }),
);

async function measure(): Promise<ReadonlyMap<SchemeName, Figures>> {
  const rounds = new Map<SchemeName, Round[]>(SCHEME_NAMES.map((name) => [name, []]));
  let number = 0;
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const name of SCHEME_NAMES) {
      const measured = await measureRound(schemes[name], createFinals(number, roundRows));
      number += roundRows;
      if (round > 0) rounds.get(name)!.push(measured);
    }
  }
  return new Map([...rounds].map(([name, measured]) => [name, summarise(measured)]));
}

async function measureRound(write: WriteScheme, finals: readonly Final[]): Promise<Round> {
  const statementsBefore = await target.statementCount("%");
  const cpuBefore = process.cpuUsage();
  const startedAtMs = performance.now();
  await write(finals);
  const seconds = (performance.now() - startedAtMs) / 1000;
  const { user, system } = process.cpuUsage(cpuBefore);
  const statements = (await target.statementCount("%")) - statementsBefore;
  return { seconds, cpuMicros: user + system, statements };
}

/** Speed is the middle round's, because a single disturbance does not move it; what is counted is summed up. */
function summarise(rounds: readonly Round[]): Figures {
  const seconds = rounds.map((round) => round.seconds).toSorted((one, other) => one - other);
  const rows = rounds.length * roundRows;
  const perRow = (of: (round: Round) => number) =>
    rounds.reduce((sum, round) => sum + of(round), 0) / rows;
  return {
    rowsPerSecond: rounded(roundRows / seconds[Math.floor(ROUNDS / 2)]!),
    statementsPer1000: rounded(1000 * perRow((round) => round.statements)),
    cpuMicrosPerFinal: rounded(perRow((round) => round.cpuMicros)),
  };
}
