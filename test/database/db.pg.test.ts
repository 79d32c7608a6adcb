import { expect, test } from "bun:test";
import { openDatabase, type Database } from "../../src/database/db.ts";
import { applyMigrations } from "../../src/database/migrations.ts";
import { postgres } from "../support/actors/databases/postgres.ts";

/** The first test of a process starts the server. */
const LIMIT_MS = 120_000;

async function withDatabase(
  url: string,
  body: (database: Database) => Promise<void>,
): Promise<void> {
  const database = await openDatabase({ kind: "postgres", url, connectionsMax: 2 });
  try {
    await body(database);
  } finally {
    await database.close();
  }
}

test(
  "an idle connection that the server ends is replaced, and never ends the process",
  async () => {
    await using server = await postgres.createDatabase();
    await withDatabase(server.url, async ({ prisma, ping }) => {
      await ping(5000);
      const ended = await server.query(
        `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()`,
      );
      expect(ended).toHaveLength(1);
      await prisma.videoSession.create({ data: { slug: "after" } });
      expect(await server.query('SELECT slug FROM "VideoSession"')).toEqual([{ slug: "after" }]);
    });
  },
  LIMIT_MS,
);

test(
  "times are read as they were written, whatever zone the server lives in",
  async () => {
    await using server = await postgres.createDatabase();
    await server.query(
      `ALTER DATABASE ${new URL(server.url).pathname.slice(1)} SET timezone = 'Asia/Tokyo'`,
    );
    await withDatabase(server.url, async ({ prisma }) => {
      const createdAt = new Date("2026-03-04T05:06:07.089Z");
      await prisma.videoSession.create({ data: { slug: "tokyo", createdAt } });
      expect(await prisma.videoSession.findFirst()).toMatchObject({ createdAt });
      const [row] = await server.query<{ createdAt: Date }>(
        'SELECT "createdAt" FROM "VideoSession"',
      );
      expect(row?.createdAt).toEqual(createdAt);
    });
  },
  LIMIT_MS,
);

test(
  "a schema named in the address holds the tables",
  async () => {
    await using server = await postgres.createDatabase({ migrated: false });
    await server.query('CREATE SCHEMA "Speech"');
    await withDatabase(`${server.url}?schema=Speech`, async ({ prisma, migrationConnection }) => {
      await using connection = await migrationConnection();
      await applyMigrations(connection);
      await prisma.videoSession.create({ data: { slug: "model" } });
      expect(await prisma.$queryRaw`SELECT slug FROM "VideoSession"`).toEqual([{ slug: "model" }]);
      expect(await server.query('SELECT slug FROM "Speech"."VideoSession"')).toEqual([
        { slug: "model" },
      ]);
    });
  },
  LIMIT_MS,
);

test(
  "the server ends a statement that takes too long",
  async () => {
    await using server = await postgres.createDatabase();
    await withDatabase(server.url, async ({ prisma }) => {
      const [setting] = await prisma.$queryRaw<{ limit: string }[]>`
      SELECT current_setting('statement_timeout') AS "limit"`;
      expect(setting?.limit).toBe("5s");
    });
  },
  LIMIT_MS,
);

test(
  "[R33] a server that accepts and never answers is told by the limit, before any other ends the wait",
  async () => {
    const silent = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    const url = `postgresql://postgres@127.0.0.1:${silent.port}/none`;
    try {
      await withDatabase(url, async ({ prisma, ping }) => {
        const ended: string[] = [];
        const waiting = prisma.$queryRaw`SELECT 1`.catch(() => ended.push("connecting"));
        const told = ping(100).catch((error: unknown) => {
          ended.push("the limit");
          return error;
        });
        expect(await told).toMatchObject({ code: "database-unreachable" });
        await waiting;
        expect(ended).toEqual(["the limit", "connecting"]);
      });
    } finally {
      silent.stop(true);
    }
  },
  LIMIT_MS,
);
