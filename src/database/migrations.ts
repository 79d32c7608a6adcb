/**
 * Brings a database to the schema that this build was made for.
 *
 * The executable has no Prisma beside it, so it applies prisma/migrations itself. It keeps Prisma's own records, so that
 * `prisma migrate deploy` and `prisma migrate status` agree with it wherever they are used instead.
 *
 * All of a run is one transaction, and each migration a part of it that leaves nothing behind where it fails; those before it
 * stay. So a migration cannot hold what PostgreSQL refuses in transactions, such as CREATE INDEX CONCURRENTLY. Any number of
 * runners may start together, also through a pooler, where no other lock than a transaction's is anybody's (R31).
 */
import { describeError } from "../kernel/errors.ts";
import type { MigrationConnection } from "./migration-connection.ts";
import { migrationFiles, type MigrationFile } from "./migration-files.ts";
import { StoreError } from "./store-error.ts";

export interface MigrationOutcome {
  /** Names, in order, of what this run changed. */
  readonly applied: readonly string[];
  /** Names, in order, of what was there before. */
  readonly already: readonly string[];
}

/** The key that `prisma migrate` locks, so that the two never run together. */
const ADVISORY_LOCK = 72_707_369;

/** How long to wait for another runner, and for a table that is in use. A server that starts again waits this long. */
const LOCK_LIMIT_MS = 30_000;

/** Prisma's own columns, to the letter. */
const RECORDS_TABLE = `CREATE TABLE IF NOT EXISTS _prisma_migrations (
    id                      VARCHAR(36) PRIMARY KEY NOT NULL,
    checksum                VARCHAR(64) NOT NULL,
    finished_at             TIMESTAMPTZ,
    migration_name          VARCHAR(255) NOT NULL,
    logs                    TEXT,
    rolled_back_at          TIMESTAMPTZ,
    started_at              TIMESTAMPTZ NOT NULL DEFAULT now(),
    applied_steps_count     INTEGER NOT NULL DEFAULT 0
)`;

/** Applies what is missing, in order. Changes nothing when the database holds what this build does not know. */
export async function applyMigrations(
  connection: MigrationConnection,
  files: readonly MigrationFile[] = migrationFiles,
): Promise<MigrationOutcome> {
  const outcome = await connection.transaction(LOCK_LIMIT_MS, async () => {
    await connection.query("SELECT pg_advisory_xact_lock($1)", [ADVISORY_LOCK]);
    const pending = await findPending(connection, files);
    if (pending.length > 0) await connection.run(RECORDS_TABLE);
    return applyAll(connection, pending);
  });
  if (outcome.failure !== undefined) throw outcome.failure;
  const { applied } = outcome;
  const already = files.map((file) => file.name).filter((name) => !applied.includes(name));
  return { applied, already };
}

interface MigrationRecord {
  readonly name: string;
  readonly checksum: string;
  readonly isFinished: boolean;
}

async function findPending(
  connection: MigrationConnection,
  files: readonly MigrationFile[],
): Promise<readonly MigrationFile[]> {
  const records = await readRecords(connection, files);
  const known = new Map(files.map((file) => [file.name, file]));
  for (const record of records) {
    const file = known.get(record.name);
    if (file === undefined) {
      throw mismatch(
        `migration ${record.name} is in the database, but not in this build: it is older`,
      );
    }
    if (!record.isFinished) {
      throw mismatch(
        `migration ${record.name} failed half-way: repair the schema, then tell it with ` +
          `"prisma migrate resolve --applied ${record.name}" or "--rolled-back"`,
      );
    }
    if (record.checksum !== checksumOf(file)) {
      throw mismatch(`migration ${record.name} was changed after the database received it`);
    }
  }
  const finished = new Set(records.map((record) => record.name));
  return files.filter((file) => !finished.has(file.name));
}

/** What the database has received, without what was rolled back. */
async function readRecords(
  connection: MigrationConnection,
  files: readonly MigrationFile[],
): Promise<readonly MigrationRecord[]> {
  const [state] = await connection.query<{ hasRecords: boolean; hasTables: boolean }>(
    `SELECT to_regclass('_prisma_migrations') IS NOT NULL AS "hasRecords",
            EXISTS (SELECT FROM pg_tables WHERE schemaname = current_schema()) AS "hasTables"`,
  );
  if (state?.hasRecords === true) {
    return connection.query<MigrationRecord>(
      `SELECT migration_name AS name, checksum, finished_at IS NOT NULL AS "isFinished"
         FROM _prisma_migrations WHERE rolled_back_at IS NULL ORDER BY started_at`,
    );
  }
  if (state?.hasTables === true) {
    const commands = files.map((file) => `"prisma migrate resolve --applied ${file.name}"`);
    throw mismatch(
      "the database has tables, but no record of migrations: " +
        `where they are the tables of this build, say so once with ${commands.join(" and ")}`,
    );
  }
  return [];
}

/** Stops at the first that is refused, and hands it back, so that what came before it is committed. */
async function applyAll(
  connection: MigrationConnection,
  pending: readonly MigrationFile[],
): Promise<{ readonly applied: readonly string[]; readonly failure?: StoreError }> {
  const applied: string[] = [];
  for (const file of pending) {
    try {
      await applyOne(connection, file);
    } catch (error) {
      if (error instanceof StoreError && error.retryable) throw error;
      await connection.run("ROLLBACK TO SAVEPOINT migration");
      const reason = `migration ${file.name} was refused (${describeError(error)})`;
      return { applied, failure: mismatch(`${reason}; nothing of it remains`) };
    }
    applied.push(file.name);
  }
  return { applied };
}

async function applyOne(connection: MigrationConnection, file: MigrationFile): Promise<void> {
  await connection.run("SAVEPOINT migration");
  await connection.run(file.sql);
  // A transaction has but one now(): the clock keeps the records in order.
  await connection.query(
    `INSERT INTO _prisma_migrations
       (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
     VALUES ($1, $2, $3, clock_timestamp(), clock_timestamp(), 1)`,
    [crypto.randomUUID(), checksumOf(file), file.name],
  );
}

function checksumOf(file: MigrationFile): string {
  return new Bun.CryptoHasher("sha256").update(file.sql).digest("hex");
}

function mismatch(message: string): StoreError {
  return new StoreError("schema-mismatch", message);
}
