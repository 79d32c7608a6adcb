import { expect, test } from "bun:test";
import { openDatabase } from "../../../src/database/db.ts";
import { SegmentStore } from "../../../src/transcripts/store/segment-store.ts";
import { describeSegmentStore, createFinal } from "../../suites/segment-store-suite.ts";
import { describeTranslations } from "../../suites/translations-suite.ts";
import { createServerWorld } from "../../support/actors/databases/database-world.ts";
import {
  createDatabaseOn,
  postgres,
  startPreparedServer,
} from "../../support/actors/databases/postgres.ts";

describeSegmentStore("PostgreSQL", createServerWorld);
describeTranslations("PostgreSQL", createServerWorld);

/** Starting a server takes a second, a full connection pool three. */
const LIMIT_MS = 120_000;
const OPTIONS = { sessionPolicy: "create", idsCachedMax: 1000 } as const;

/** Statements of the application: the ones about its tables. */
const STATEMENTS = '%INTO "public"."TranscriptSegment"%';
const RESOLUTIONS = '%INTO "public"."Participant"%';

function batchOf(count: number, batch: number) {
  return Array.from({ length: count }, (_, index) =>
    createFinal({
      sessionSlug: `call-${index % 10}`,
      identity: `speaker-${index % 40}`,
      utteranceKey: `provider-${index}:${batch}`,
    }),
  );
}

test(
  "[R3] one statement writes a batch over many calls, after one that resolves its speakers",
  async () => {
    await using server = await postgres.createDatabase();
    const database = await openDatabase({ kind: "postgres", url: server.url, connectionsMax: 2 });
    try {
      const store = new SegmentStore(database, OPTIONS);
      const before = await server.statementCount("%");
      for (let batch = 0; batch < 10; batch += 1) await store.write(batchOf(100, batch));
      expect(await server.statementCount(STATEMENTS)).toBe(10);
      expect(await server.statementCount(RESOLUTIONS)).toBe(1);
      // Beside them each new connection of the pool is set up by one script of two statements, and nothing else runs.
      expect((await server.statementCount("%")) - before).toBeLessThanOrEqual(10 + 1 + 2 * 2);
      const [stored] = await server.query<{ count: string }>(
        'SELECT count(*) FROM "TranscriptSegment"',
      );
      expect(Number(stored?.count)).toBe(1000);
    } finally {
      await database.close();
    }
  },
  LIMIT_MS,
);

test(
  "[R3] writers that create the same calls and speakers at once agree on them",
  async () => {
    await using world = await createServerWorld({ migrated: true });
    const stores = Array.from({ length: 4 }, () => new SegmentStore(world.database, OPTIONS));
    const outcomes = await Promise.all(
      stores.map((store, batch) => store.write(batchOf(100, batch).toReversed())),
    );
    expect(outcomes.map(({ unknownCalls }) => unknownCalls)).toEqual([[], [], [], []]);
    const { prisma } = world.database;
    expect(await prisma.videoSession.count()).toBe(10);
    expect(await prisma.participant.count()).toBe(40);
    expect(await prisma.transcriptSegment.count()).toBe(400);
  },
  LIMIT_MS,
);

test(
  "[R5] calls a stopped server unreachable, and writes as soon as it is back",
  async () => {
    await using server = await startPreparedServer();
    await using target = await createDatabaseOn(server);
    const database = await openDatabase({ kind: "postgres", url: target.url, connectionsMax: 2 });
    try {
      const store = new SegmentStore(database, OPTIONS);
      await store.write([createFinal()]);
      await server.stop();
      for (let attempt = 0; attempt < 3; attempt += 1) {
        const failure = await store.write([createFinal()]).catch((error) => error);
        expect(failure).toMatchObject({ code: "database-unreachable", retryable: true });
      }
      await expect(database.ping(1000)).rejects.toMatchObject({ code: "database-unreachable" });
      await server.start();
      await database.ping(LIMIT_MS);
      expect(await store.write([createFinal({ utteranceKey: "p:1" })])).toEqual({
        unknownCalls: [],
      });
    } finally {
      await database.close();
    }
  },
  LIMIT_MS,
);

test(
  "[R5] calls a pool without a free connection unreachable",
  async () => {
    await using server = await postgres.createDatabase();
    const database = await openDatabase({ kind: "postgres", url: server.url, connectionsMax: 1 });
    try {
      const store = new SegmentStore(database, OPTIONS);
      const [taken, done] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      const holding = database.prisma.$transaction(
        async (transaction) => {
          await transaction.$queryRaw`SELECT 1`;
          taken.resolve();
          await done.promise;
        },
        { timeout: LIMIT_MS },
      );
      await taken.promise;
      const failure = await store.write([createFinal()]).catch((error) => error);
      expect(failure).toMatchObject({ code: "database-unreachable", retryable: true });
      done.resolve();
      await holding;
    } finally {
      await database.close();
    }
  },
  LIMIT_MS,
);
