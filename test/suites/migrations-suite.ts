import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { migrationFiles } from "../../src/database/migration-files.ts";
import { applyMigrations } from "../../src/database/migrations.ts";
import { REPOSITORY_ROOT } from "../law/source-tree.ts";
import type { CreateWorld, DatabaseWorld } from "../support/actors/databases/database-world.ts";

/** Making the first database of a process takes seconds on a busy machine. */
const LIMIT_MS = 180_000;

const NAMES = migrationFiles.map((file) => file.name);
const [INIT] = migrationFiles;

/** What every kind of database promises about migrations. */
export function describeMigrations(kind: string, createWorld: CreateWorld): void {
  const apply = async ({ database }: DatabaseWorld, files = migrationFiles) => {
    await using connection = await database.migrationConnection();
    return await applyMigrations(connection, files);
  };
  const tablesOf = async (world: DatabaseWorld) =>
    (
      await world.query<{ tablename: string }>(
        "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' ORDER BY 1",
      )
    ).map((row) => row.tablename);

  describe(`migrations on ${kind}`, () => {
    test(
      "applies what is missing, and then nothing",
      async () => {
        await using world = await createWorld({ migrated: false });
        expect(await tablesOf(world)).toEqual([]);
        expect(await apply(world)).toEqual({ applied: NAMES, already: [] });
        expect(await apply(world)).toEqual({ applied: [], already: NAMES });
        expect(await tablesOf(world)).toEqual([
          "Participant",
          "TranscriptSegment",
          "VideoSession",
          "_prisma_migrations",
        ]);
      },
      LIMIT_MS,
    );

    test(
      "make the columns that the schema's models have",
      async () => {
        await using world = await createWorld({ migrated: true });
        const columns = await world.query<{ column: string }>(
          `SELECT table_name || '.' || column_name ||
                  CASE is_nullable WHEN 'YES' THEN '?' ELSE '' END AS "column"
             FROM information_schema.columns
            WHERE table_schema = 'public' AND table_name <> '_prisma_migrations'`,
        );
        const made = columns.map(({ column }) => column);
        expect(made.toSorted()).toEqual([...(await readSchemaColumns())].toSorted());
      },
      LIMIT_MS,
    );

    test(
      "keeps the records that Prisma would keep",
      async () => {
        await using world = await createWorld({ migrated: true });
        const records = await world.query("SELECT * FROM _prisma_migrations ORDER BY started_at");
        expect(records).toEqual(
          migrationFiles.map(({ name, sql }) => ({
            id: expect.stringMatching(/^[0-9a-f-]{36}$/),
            checksum: new Bun.CryptoHasher("sha256").update(sql).digest("hex"),
            finished_at: expect.any(Date),
            migration_name: name,
            logs: null,
            rolled_back_at: null,
            started_at: expect.any(Date),
            applied_steps_count: 1,
          })),
        );
      },
      LIMIT_MS,
    );

    test(
      "brings tables that are in use to the next schema, and takes what is in them for originals",
      async () => {
        await using world = await createWorld({ migrated: false });
        await apply(world, [INIT!]);
        await world.query(`INSERT INTO "VideoSession" ("id", "slug") VALUES ('1', 'standup')`);
        await world.query(`INSERT INTO "TranscriptSegment"
          ("id", "videoSessionId", "utteranceId", "text", "startedAt")
          VALUES ('1', '1', 'provider-1:0', 'Good morning.', now())`);
        expect(await apply(world)).toEqual({ applied: NAMES.slice(1), already: [INIT!.name] });
        expect(await world.query('SELECT "translationOf" FROM "TranscriptSegment"')).toEqual([
          { translationOf: null },
        ]);
      },
      LIMIT_MS,
    );

    test(
      "lets two runners start together: one applies, the other finds it done",
      async () => {
        await using world = await createWorld({ migrated: false });
        const outcomes = await Promise.all([apply(world), apply(world)]);
        const counts = new Set(outcomes.map((outcome) => outcome.applied.length));
        expect(counts).toEqual(new Set([0, NAMES.length]));
      },
      LIMIT_MS,
    );

    test(
      "leaves nothing of a migration that is refused, and goes on after its repair",
      async () => {
        await using world = await createWorld({ migrated: true });
        const name = "99991231000000_second";
        const broken = { name, sql: 'CREATE TABLE "Second" (); CREATE TABLE "Second" ();' };
        const before = await tablesOf(world);
        const failure = await apply(world, [...migrationFiles, broken]).catch((error) => error);
        expect(failure).toMatchObject({ name: "StoreError", code: "schema-mismatch" });
        expect(failure.message).toContain(name);
        expect(failure.message).toContain("42P07");
        expect(await tablesOf(world)).toEqual(before);

        const repaired = { name, sql: 'CREATE TABLE "Second" ();' };
        expect(await apply(world, [...migrationFiles, repaired])).toEqual({
          applied: [name],
          already: NAMES,
        });
      },
      LIMIT_MS,
    );

    const damages = {
      "was changed after": "UPDATE _prisma_migrations SET checksum = 'other'",
      "failed half-way": "UPDATE _prisma_migrations SET finished_at = NULL",
      "is in the database, but not in this build":
        "UPDATE _prisma_migrations SET migration_name = '2020_foreign'",
    };
    for (const [words, damage] of Object.entries(damages)) {
      test(
        `stops and changes nothing when a migration ${words}`,
        async () => {
          await using world = await createWorld({ migrated: true });
          await world.query(damage);
          const [record] = await world.query<{ name: string }>(
            "SELECT migration_name AS name FROM _prisma_migrations ORDER BY started_at",
          );
          const failure = await apply(world).catch((error) => error);
          expect(failure).toMatchObject({ name: "StoreError", code: "schema-mismatch" });
          expect(failure.message).toContain(words);
          expect(failure.message).toContain(record!.name);
          const records = await world.query("SELECT FROM _prisma_migrations");
          expect(records).toHaveLength(NAMES.length);
        },
        LIMIT_MS,
      );
    }

    test(
      "applies again what was rolled back",
      async () => {
        await using world = await createWorld({ migrated: true });
        await world.query('DROP TABLE "TranscriptSegment", "Participant", "VideoSession"');
        await world.query("UPDATE _prisma_migrations SET rolled_back_at = now()");
        expect(await apply(world)).toEqual({ applied: NAMES, already: [] });
      },
      LIMIT_MS,
    );

    test(
      "does not touch tables without records, and says how to begin them",
      async () => {
        await using world = await createWorld({ migrated: false });
        await world.query('CREATE TABLE "Foreign" ()');
        const failure = await apply(world).catch((error) => error);
        expect(failure).toMatchObject({ code: "schema-mismatch", retryable: false });
        expect(failure.message).toContain(`prisma migrate resolve --applied ${INIT!.name}`);
        expect(await tablesOf(world)).toEqual(["Foreign"]);
      },
      LIMIT_MS,
    );
  });
}

/** `Model.field` for each field of the schema that is a column, with a question mark where it may be null. */
async function readSchemaColumns(): Promise<readonly string[]> {
  const schema = await Bun.file(join(REPOSITORY_ROOT, "prisma/schema.prisma")).text();
  const models = [...schema.matchAll(/^model (\w+) \{\n([^]*?)^\}/gm)];
  const names = new Set(models.map(([, model]) => model));
  return models.flatMap(([, model, body = ""]) =>
    [...body.matchAll(/^ {2}(\w+) +(\w+)\b(\??)(?!\[)/gm)].flatMap(([, field, type, optional]) =>
      names.has(type) ? [] : [`${model}.${field}${optional}`],
    ),
  );
}
