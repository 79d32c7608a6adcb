/**
 * Brings a database to the schema that this build was made for.
 *
 * The executable has no Prisma beside it, so it applies prisma/migrations itself. It keeps Prisma's own records, so that
 * `prisma migrate deploy` and `prisma migrate status` agree with it wherever they are used instead.
 *
 * Each migration and its record are one transaction: a failure leaves nothing of it behind. So a migration cannot hold what
 * PostgreSQL refuses in transactions, such as CREATE INDEX CONCURRENTLY. Any number of runners may start together.
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
  await connection.run(`SET lock_timeout = ${LOCK_LIMIT_MS}`);
  await connection.query("SELECT pg_advisory_lock($1)", [ADVISORY_LOCK]);
  try {
    const pending = await findPending(connection, files);
    if (pending.length > 0) await connection.run(RECORDS_TABLE);
    for (const file of pending) await applyOne(connection, file);
    const applied = pending.map((file) => file.name);
    const already = files.map((file) => file.name).filter((name) => !applied.includes(name));
    return { applied, already };
  } finally {
    // A connection that is lost has let go of the lock, and its loss is already on its way to the caller.
    await connection.query("SELECT pg_advisory_unlock($1)", [ADVISORY_LOCK]).catch(() => undefined);
  }
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

async function applyOne(connection: MigrationConnection, file: MigrationFile): Promise<void> {
  try {
    await connection.run("BEGIN");
    await connection.run(file.sql);
    await connection.query(
      `INSERT INTO _prisma_migrations
         (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
       VALUES ($1, $2, $3, now(), clock_timestamp(), 1)`,
      [crypto.randomUUID(), checksumOf(file), file.name],
    );
    await connection.run("COMMIT");
  } catch (error) {
    // A connection that is lost has rolled back already.
    await connection.run("ROLLBACK").catch(() => undefined);
    if (error instanceof StoreError && error.retryable) throw error;
    throw mismatch(
      `migration ${file.name} was refused (${describeError(error)}); nothing of it remains`,
    );
  }
}

function checksumOf(file: MigrationFile): string {
  return new Bun.CryptoHasher("sha256").update(file.sql).digest("hex");
}

function mismatch(message: string): StoreError {
  return new StoreError("schema-mismatch", message);
}
