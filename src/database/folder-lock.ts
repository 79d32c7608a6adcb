import { Database } from "bun:sqlite";
import { join } from "node:path";
import { StoreError } from "./store-error.ts";

export interface FolderLock {
  release(): void;
}

/**
 * Makes this process the only owner of `directory`, which exists; throws when another one is, this process included.
 *
 * The lock is SQLite's exclusive lock on an otherwise empty file, so the kernel holds it and lets go when the process dies. A
 * file with a process id would need a guess about stale ones, and a restarted container has the same id as its predecessor.
 */
export function lockFolder(directory: string): FolderLock {
  const file = new Database(join(directory, "owner.lock"), { create: true });
  try {
    // No journal file beside it, and the lock stays after the transaction that takes it.
    file.run("PRAGMA journal_mode = MEMORY");
    file.run("PRAGMA locking_mode = EXCLUSIVE");
    file.run("BEGIN EXCLUSIVE");
  } catch (cause) {
    file.close();
    throw new StoreError(
      "database-unreachable",
      `expected to be the only user of ${directory}, but another process holds its lock`,
      { cause },
    );
  }
  return { release: () => file.close() };
}
