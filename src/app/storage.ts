/** Where finals go: journal, batch queue, database, dead letters, opened and let go of together. */
import { openDatabase, type Database, type DatabaseOptions } from "../database/db.ts";
import { applyMigrations } from "../database/migrations.ts";
import type { Log } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { Config } from "../settings/config.ts";
import { openDeadLetters, type DeadLetterFile } from "../transcripts/journal/dead-letter-file.ts";
import { openJournal, type Journal } from "../transcripts/journal/journal.ts";
import { checkSegmentSchema } from "../transcripts/store/segment-schema.ts";
import { SegmentStore } from "../transcripts/store/segment-store.ts";
import { TranscriptBatchQueue } from "../transcripts/transcript-batch-queue.ts";

export interface StorageDeps {
  readonly metrics: Metrics;
  readonly log: Log;
}

export interface Storage {
  readonly database: Database;
  readonly journal: Journal;
  /** Running. */
  readonly queue: TranscriptBatchQueue;
  /** Stops the timer and closes everything; what waits stays in the journal. Repetition is harmless. */
  close(): Promise<void>;
}

/** The batch writer uses one, two for a backlog; readers have the rest. The database must hardly notice the gateway. */
const DATABASE_CONNECTIONS_MAX = 5;

/** Speakers whose ids are remembered: several times what one process serves at once. */
const IDS_CACHED_MAX = 10_000;

/** More finals than this that the database refuses are no accident of single rows any more. */
const DEAD_LETTERS_MAX = 100_000;

/** Opens everything in order. What was opened is let go of again when a later step fails. */
export async function openStorage(config: Config, deps: StorageDeps): Promise<Storage> {
  await using opened = new AsyncDisposableStack();
  // First, because its lock is the process's claim on the folder.
  const journal = openJournal({
    directory: config.dataDir,
    bytesMax: config.journalMaxBytes,
    sync: config.journalSync,
  });
  opened.defer(() => journal.close());
  const database = await openDatabase(databaseOptions(config));
  opened.defer(() => database.close());
  await prepareSchema(config, database, deps.log);
  const deadLetters = openDeadLettersOf(config);
  opened.defer(() => deadLetters.close());
  const queue = new TranscriptBatchQueue(
    { ...deps, writer: createStore(config, database), journal, deadLetters },
    {
      config: {
        flushIntervalMs: config.batchFlushIntervalMs,
        maxBatchSize: config.batchMaxSize,
        maxQueueSize: config.batchMaxQueue,
      },
      unknownSessionLimitMs: config.unknownSessionLimitMs,
    },
  );
  deps.metrics.track("journal_rows", () => journal.state.rows);
  deps.metrics.track("journal_bytes", () => journal.state.bytes);
  queue.start();
  opened.defer(() => queue.stopFlushTimer());
  if (journal.state.rows > 0) {
    deps.log.info("Writing what an earlier process left", { rows: journal.state.rows });
  }
  const owned = opened.move();
  return { database, journal, queue, close: () => owned.disposeAsync() };
}

/** Where a configuration keeps its rows. */
export function databaseOptions(config: Config): DatabaseOptions {
  const { databaseUrl: url, dataDir } = config;
  if (url === undefined) return { kind: "embedded", directory: `${dataDir}/postgres` };
  return { kind: "postgres", url, connectionsMax: DATABASE_CONNECTIONS_MAX };
}

export function openDeadLettersOf(config: Config): DeadLetterFile {
  return openDeadLetters({ directory: config.dataDir, rowsMax: DEAD_LETTERS_MAX });
}

export function createStore(config: Config, database: Database): SegmentStore {
  const automatic = config.databaseUrl === undefined ? "create" : "require";
  return new SegmentStore(
    { prisma: database.prisma },
    {
      sessionPolicy: config.sessionPolicy === "auto" ? automatic : config.sessionPolicy,
      idsCachedMax: IDS_CACHED_MAX,
    },
  );
}

/** The embedded database is ours to migrate. A server's is the operator's: `stenogate migrate` says when. */
async function prepareSchema(config: Config, database: Database, log: Log): Promise<void> {
  if (config.databaseUrl !== undefined) return checkSegmentSchema(database.prisma);
  await using connection = await database.migrationConnection();
  const { applied } = await applyMigrations(connection);
  if (applied.length > 0) log.info("Migrated the embedded database", { count: applied.length });
}
