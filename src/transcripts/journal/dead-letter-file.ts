/**
 * Finals that the database will not take, in a file that the gateway writes and the command line reads and changes meanwhile.
 *
 * R5: a final that dies goes in here first, and leaves the journal second. Killed between the two, it dies again after the
 * next start and replaces itself.
 */
import type { Database } from "bun:sqlite";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Final } from "../final.ts";
import { decodeFinal, encodeFinal } from "./final-codec.ts";
import { toJournalError } from "./journal-error.ts";
import { openSqliteFile } from "./sqlite-file.ts";

/** Why a final died: the database refuses it, or its call stayed unknown. */
export type DeadLetterCause = "row-refused" | "session-unknown";

export interface DeadLetterOptions {
  /** Holds `dead-letters.sqlite`. */
  readonly directory: string;
  /** Above it a final is not taken. */
  readonly rowsMax: number;
}

export interface DeadLetter {
  /** Never given twice: what replaced a letter has another one. */
  readonly id: number;
  /** Absent when it cannot be read any more. */
  readonly final: Final | undefined;
  /** A `DeadLetterCause`, of this build or of another one. */
  readonly cause: string;
  /** For people; holds nothing that was said. */
  readonly reason: string;
  readonly deadAtMs: number;
}

const STEPS = [
  `CREATE TABLE deadLetter (
    id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, body TEXT NOT NULL,
    cause TEXT NOT NULL, reason TEXT NOT NULL, deadAtMs INTEGER NOT NULL
  ) STRICT;`,
];

/** Replacing gives a new id, so that whoever has read the old letter cannot remove the new one. */
const ADD = `
  INSERT OR REPLACE INTO deadLetter (key, body, cause, reason, deadAtMs)
  SELECT $key, $body, $cause, $reason, $deadAtMs
  WHERE (SELECT count(*) FROM deadLetter) < $rowsMax
    OR EXISTS (SELECT 1 FROM deadLetter WHERE key = $key)`;

/**
 * Throws a `JournalError` when the file is there and cannot be used. Where it is missing it has no letters, and the first one
 * makes it: a command that only looks leaves nothing behind that its user would own.
 */
export function openDeadLetters(options: DeadLetterOptions): DeadLetterFile {
  return new DeadLetterFile(options);
}

/** Any number of processes may have it open. A closed one takes no letters and has none. */
export class DeadLetterFile {
  readonly #path: string;
  readonly #rowsMax: number;
  #file: Database | undefined;
  #isClosed = false;

  constructor({ directory, rowsMax }: DeadLetterOptions) {
    this.#path = join(directory, "dead-letters.sqlite");
    this.#rowsMax = rowsMax;
    this.#existing();
  }

  /** Replaces the letter of the same call and utterance. False when the file is full or fails; never throws. */
  add(final: Final, cause: DeadLetterCause, reason: string): boolean {
    if (this.#isClosed) return false;
    try {
      this.#file ??= openFile(this.#path);
      const { changes } = this.#file.query(ADD).run({
        key: JSON.stringify([final.speaker.sessionSlug, final.transcript.utteranceKey]),
        body: encodeFinal(final),
        cause,
        reason,
        deadAtMs: Date.now(),
        rowsMax: this.#rowsMax,
      });
      return changes > 0;
    } catch {
      // The caller keeps the final where it is, and says so.
      return false;
    }
  }

  /**
   * The first `limit` letters with ids above `afterId`, in the order in which they died, those of other processes included.
   * Throws a `JournalError`, as `remove` does.
   */
  list(limit: number, afterId = 0): readonly DeadLetter[] {
    return this.#ask([], (file) =>
      file
        .query<StoredLetter, [number, number]>(
          `SELECT id, body, cause, reason, deadAtMs FROM deadLetter
           WHERE id > ? ORDER BY id LIMIT ?`,
        )
        .all(afterId, limit)
        .map(({ body, ...letter }) => ({ ...letter, final: decodeFinal(body) })),
    );
  }

  /** Says how many of them were there. */
  remove(ids: readonly number[]): number {
    return this.#ask(
      0,
      (file) =>
        file
          .query("DELETE FROM deadLetter WHERE id IN (SELECT value FROM json_each(?))")
          .run(JSON.stringify(ids)).changes,
    );
  }

  close(): void {
    this.#isClosed = true;
    this.#file?.close();
    this.#file = undefined;
  }

  #ask<Answer>(whenMissing: Answer, ask: (file: Database) => Answer): Answer {
    const file = this.#existing();
    if (file === undefined) return whenMissing;
    try {
      return ask(file);
    } catch (error) {
      throw toJournalError(error, "reading or changing the dead letters");
    }
  }

  /** Looks again every time, because another process may have made the file meanwhile. */
  #existing(): Database | undefined {
    if (!this.#isClosed && existsSync(this.#path)) this.#file ??= openFile(this.#path);
    return this.#file;
  }
}

type StoredLetter = Omit<DeadLetter, "final"> & { readonly body: string };

/** Few finals die, and they leave the journal right away: each is on the disk before that. */
function openFile(path: string): Database {
  return openSqliteFile(path, { steps: STEPS, access: "shared", sync: "full" });
}
