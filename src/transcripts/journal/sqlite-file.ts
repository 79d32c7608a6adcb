import { Database, SQLiteError } from "bun:sqlite";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { JournalError, toJournalError } from "./journal-error.ts";

export interface SqliteFileOptions {
  /**
   * SQL that brings a file from each format to the next, the first step an empty one. A file's
   * format is the number of steps behind it and stands in `user_version`. A step that was released
   * never changes: a new format is one more.
   */
  readonly steps: readonly string[];
  /** `owner`: no other process opens the file meanwhile. `shared`: others read and change it, each for moments. */
  readonly access: "owner" | "shared";
  /** `normal` survives a killed process, `full` a power cut as well, for one fsync in each transaction. */
  readonly sync: "normal" | "full";
}

/** The folder holds what people said: nobody else on the machine reads it. Only a folder that is new gets these rights. */
const FOLDER_MODE = 0o700;

/** A transaction of the other process takes milliseconds; the event loop stands still while this one waits for it. */
const BUSY_MS_MAX = 1000;

/** Pages of 4 KiB after which the write-ahead log goes into the file: two fsyncs for each 8 MiB that were written. */
const LOG_PAGES_MAX = 2000;

/** A log that one large transaction blew up is cut back to this. */
const LOG_BYTES_KEPT = LOG_PAGES_MAX * 4096;

/**
 * Opens a file in WAL mode, and makes it and its folder where they are missing. Throws a `JournalError` and leaves the file as
 * it was when another process owns it, when it is damaged, or when it cannot be written.
 *
 * A newer build brings a file of an older format up to its own, one format after the other, in the transaction that finds
 * it. There is no way back: a format that is newer than the build is refused.
 */
export function openSqliteFile(path: string, options: SqliteFileOptions): Database {
  let file: Database | undefined;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: FOLDER_MODE });
    file = new Database(path, { create: true });
    prepare(file, path, options);
    return file;
  } catch (error) {
    file?.close();
    throw toOpeningError(error, path);
  }
}

function prepare(file: Database, path: string, options: SqliteFileOptions): void {
  // NOTE: before anything else is read, because the first access decides how the file is locked. The kernel holds the lock,
  // and lets go when the process dies.
  if (options.access === "owner") file.run("PRAGMA locking_mode = EXCLUSIVE");
  else file.run(`PRAGMA busy_timeout = ${BUSY_MS_MAX}`);
  file.run(`PRAGMA synchronous = ${options.sync}`);
  // A write lock, although the format is only read as a rule: a file that cannot be written is found now.
  file.transaction(() => adopt(file, path, options)).immediate();
  file.run("PRAGMA journal_mode = WAL");
  file.run(`PRAGMA wal_autocheckpoint = ${LOG_PAGES_MAX}`);
  file.run(`PRAGMA journal_size_limit = ${LOG_BYTES_KEPT}`);
}

function adopt(file: Database, path: string, options: SqliteFileOptions): void {
  const { steps } = options;
  const format = Number(readPragma(file, "user_version"));
  if (format > steps.length) {
    throw new JournalError(
      `expected ${path} in format ${steps.length} at most, got format ${format}: a newer build wrote it`,
    );
  }
  const fault = readPragma(file, "quick_check(1)");
  if (fault !== "ok") throw unsound(path, String(fault));
  if (format === steps.length) return;
  for (const step of steps.slice(format)) file.run(step);
  file.run(`PRAGMA user_version = ${steps.length}`);
}

function readPragma(file: Database, pragma: string): unknown {
  return file.query<Record<string, unknown>, []>(`PRAGMA ${pragma}`).values()[0]?.[0];
}

function toOpeningError(error: unknown, path: string): JournalError {
  const code = error instanceof SQLiteError ? (error.code ?? "") : "";
  if (code.startsWith("SQLITE_BUSY")) {
    return new JournalError(`expected ${path} to be free, but another process holds its lock`, {
      cause: error,
    });
  }
  if (code === "SQLITE_NOTADB" || code.startsWith("SQLITE_CORRUPT")) return unsound(path, code);
  return toJournalError(error, `${path} cannot be opened`);
}

function unsound(path: string, fault: string): JournalError {
  return new JournalError(
    `expected a sound SQLite file at ${path}, got ${fault}: move it away to begin with an empty one`,
  );
}
