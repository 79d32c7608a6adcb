import { describe, expect, test } from "bun:test";
import { Client } from "pg";
import { openDatabase, type Database } from "../../../src/database/db.ts";
import { applyMigrations } from "../../../src/database/migrations.ts";
import { toStoreError } from "../../../src/database/store-error.ts";
import { createTranscriptReader } from "../../../src/transcripts/store/segment-reader.ts";
import { checkSegmentSchema } from "../../../src/transcripts/store/segment-schema.ts";
import { SegmentStore } from "../../../src/transcripts/store/segment-store.ts";
import { postgres, type TestDatabase } from "../../support/actors/databases/postgres.ts";
import { final } from "../../support/actors/doubles/numbered-finals.ts";
import { startTransactionPooler } from "../../support/actors/networks/transaction-pooler.ts";

/** The first test of a process starts the server. */
const LIMIT_MS = 120_000;

const CONNECTIONS = 3;
const SELECTION = { limit: 1000, language: undefined };

/** What a client of the server can be left behind in by a neighbour, on each of the pooler's connections. */
async function statesBehind(url: string): Promise<readonly unknown[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  const states: unknown[] = [];
  for (let turn = 0; turn < CONNECTIONS * 2; turn += 1) {
    const { rows } = await client.query(
      `SELECT current_setting('statement_timeout') AS "limit", current_setting('lock_timeout') AS "lock",
              current_setting('search_path') AS "path", current_setting('TimeZone') AS "zone"`,
    );
    states.push(rows[0]);
  }
  await client.end();
  return states;
}

/** As a neighbour on the pooler may leave its connections: with a search path that leads elsewhere. */
async function leaveSearchPath(url: string, schema: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  for (let turn = 0; turn < CONNECTIONS; turn += 1) {
    await client.query(`SET search_path TO ${schema}`);
  }
  await client.end();
}

async function withDatabase(url: string, body: (database: Database) => Promise<void>) {
  const database = await openDatabase({ kind: "postgres", url, connectionsMax: 2 });
  try {
    await body(database);
  } finally {
    await database.close();
  }
}

/** Of a server with tables in two schemas, and a zone of its own. */
async function createTwoSchemas(): Promise<TestDatabase> {
  const server = await postgres.createDatabase();
  await server.query("CREATE SCHEMA app");
  const name = new URL(server.url).pathname.slice(1);
  await server.query(`ALTER DATABASE ${name} SET timezone = 'Asia/Tokyo'`);
  return server;
}

async function migrate(url: string): Promise<void> {
  await withDatabase(url, async ({ migrationConnection }) => {
    await using connection = await migrationConnection();
    await applyMigrations(connection);
  });
}

const countIn = async (server: TestDatabase, schema: string) => {
  const [row] = await server.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM "${schema}"."TranscriptSegment"`,
  );
  return row?.count;
};

const VARIANTS = [
  { unknownOptions: "refuse", query: "" },
  { unknownOptions: "ignore", query: "" },
  { unknownOptions: "refuse", query: "&pgbouncer=true" },
] as const;

describe("[R31] behind a pooler of transactions nothing rests on a connection", () => {
  test.each(VARIANTS)(
    "%p: rows are in the schema of the address, and no neighbour finds a trace",
    async ({ unknownOptions, query }) => {
      await using server = await createTwoSchemas();
      await using pooler = await startTransactionPooler(server.url, {
        connections: CONNECTIONS,
        unknownOptions,
      });
      const url = `${pooler.url}?schema=app${query}`;
      const before = await statesBehind(pooler.url);
      await migrate(url);
      await withDatabase(url, async (database) => {
        const store = new SegmentStore(database, { sessionPolicy: "create", idsCachedMax: 1 });
        const calls = Array.from({ length: 40 }, (_, index) => `call-${index % 4}`);
        // Several at once, so that connections are opened at once too.
        const writes = calls.map((sessionSlug, index) =>
          store.write([final(index, { sessionSlug })]),
        );
        await Promise.all(writes);
        await checkSegmentSchema(database.prisma);
        const read = await createTranscriptReader(database.prisma).read("call-0", SELECTION);
        expect(read?.segments.map(({ startedAt }) => startedAt.getTime())).toEqual(
          calls.flatMap((slug, index) => (slug === "call-0" ? [index] : [])),
        );
        expect(read?.beganAt).toEqual(new Date(0));
      });
      expect([await countIn(server, "app"), await countIn(server, "public")]).toEqual([40, 0]);
      expect(await statesBehind(pooler.url)).toEqual(before);
      expect(pooler.transactionCount).toBeGreaterThan(80);
    },
    LIMIT_MS,
  );

  test(
    "a neighbour's search path leads neither rows nor reads astray",
    async () => {
      await using server = await createTwoSchemas();
      await migrate(`${server.url}?schema=app`);
      await using pooler = await startTransactionPooler(server.url, {
        connections: CONNECTIONS,
        unknownOptions: "refuse",
      });
      await leaveSearchPath(pooler.url, "app");
      await withDatabase(pooler.url, async (database) => {
        const store = new SegmentStore(database, { sessionPolicy: "create", idsCachedMax: 1 });
        for (let index = 0; index < 10; index += 1) await store.write([final(index)]);
        const read = await createTranscriptReader(database.prisma).read("standup", SELECTION);
        expect(read?.segments).toHaveLength(10);
      });
      expect([await countIn(server, "app"), await countIn(server, "public")]).toEqual([0, 10]);
    },
    LIMIT_MS,
  );

  test(
    "two runners of migrations lock each other out there too",
    async () => {
      await using server = await postgres.createDatabase({ migrated: false });
      await using pooler = await startTransactionPooler(server.url, {
        connections: CONNECTIONS,
        unknownOptions: "refuse",
      });
      await withDatabase(pooler.url, async ({ migrationConnection }) => {
        const outcomes = await Promise.all(
          [1, 2].map(async () => {
            await using connection = await migrationConnection();
            return await applyMigrations(connection);
          }),
        );
        expect(outcomes.filter(({ applied }) => applied.length > 0)).toHaveLength(1);
      });
    },
    LIMIT_MS,
  );

  test(
    "the server ends a statement that takes too long there too, and only ours",
    async () => {
      await using server = await postgres.createDatabase();
      await using pooler = await startTransactionPooler(server.url, {
        connections: CONNECTIONS,
        unknownOptions: "refuse",
      });
      await withDatabase(pooler.url, async ({ prisma }) => {
        // What the statement itself sees is its transaction's limit.
        const read = () => prisma.$queryRaw`SELECT current_setting('statement_timeout') AS "limit"`;
        for (let turn = 0; turn < 4; turn += 1) expect(await read()).toEqual([{ limit: "5s" }]);
        const failure = await prisma.$queryRaw`SELECT pg_sleep(5.5)::text`.catch(
          (error: unknown) => error,
        );
        expect(toStoreError(failure, "sleeping").sqlState).toBe("57014");
      });
    },
    LIMIT_MS,
  );
});
