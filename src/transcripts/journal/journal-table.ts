import type { Database } from "bun:sqlite";
import { rmSync } from "node:fs";
import { PROVIDER_SESSION_SCHEMA, ProviderSessionBook } from "./provider-session-book.ts";
import { openSqliteFile, type SqliteFileOptions } from "./sqlite-file.ts";

/** A final as the table keeps it. */
export interface KeptFinal {
  /** Says the order in which finals were kept; counts from 1. */
  readonly sequence: number;
  readonly queuedAtMs: number;
  readonly body: string;
}

/**
 * What a final takes beside its body: its numbers, and its share of pages that are not full. Measured: 23 to 46 bytes with 10
 * to 200 characters of text.
 */
const OVERHEAD_BYTES = 40;

/** Damaged finals that are kept aside, the latest ones: enough to see what happened, too few to matter. */
const DAMAGED_ROWS_MAX = 1000;

const STEPS = [
  `CREATE TABLE final (
    sequence INTEGER PRIMARY KEY, queuedAtMs INTEGER NOT NULL, body TEXT NOT NULL
  ) STRICT;
  CREATE TABLE damaged (
    id INTEGER PRIMARY KEY, queuedAtMs INTEGER NOT NULL, body TEXT NOT NULL
  ) STRICT;`,
  PROVIDER_SESSION_SCHEMA,
];

/** `sizeOf` in SQL. NOTE: the length of a text would be its characters. */
const SIZE = `length(CAST(body AS BLOB)) + ${OVERHEAD_BYTES}`;

/** How much of the journal's bound a final takes. */
export function sizeOf({ body }: Pick<KeptFinal, "body">): number {
  return Buffer.byteLength(body) + OVERHEAD_BYTES;
}

/** The journal's file, every statement on finals, and their count. What SQLite throws comes through. */
export class JournalTable {
  /** In the same file, with the same lock. */
  readonly providerSessions: ProviderSessionBook;
  readonly #open: () => Database;
  readonly #path: string;
  #file: Database;
  /** The last number that this process found or gave. */
  #lastSequence: number;
  #rows: number;
  #bytes: number;
  #rowsDamaged: number;
  #oldestQueuedAtMs: number | undefined;

  constructor(path: string, { sync }: Pick<SqliteFileOptions, "sync">) {
    this.#path = path;
    this.#open = () => openSqliteFile(path, { steps: STEPS, access: "owner", sync });
    this.#file = this.#open();
    this.providerSessions = new ProviderSessionBook({ file: this.#file });
    this.#lastSequence = this.#readNumber("SELECT max(sequence) FROM final") ?? 0;
    this.#rows = this.#readNumber("SELECT count(*) FROM final") ?? 0;
    this.#bytes = this.#readNumber(`SELECT sum(${SIZE}) FROM final`) ?? 0;
    this.#rowsDamaged = this.#readNumber("SELECT count(*) FROM damaged") ?? 0;
    this.#oldestQueuedAtMs = this.#readOldest();
  }

  get rows(): number {
    return this.#rows;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get rowsDamaged(): number {
    return this.#rowsDamaged;
  }

  get oldestQueuedAtMs(): number | undefined {
    return this.#oldestQueuedAtMs;
  }

  /**
   * Adds all or nothing, in one transaction, and says the number of the first one; the others follow it one by one. No number
   * comes twice from one process, though the table may run empty: a removal that is tried again must not hit another final.
   */
  insert(finals: readonly Omit<KeptFinal, "sequence">[]): number {
    const statement = this.#file.query<unknown, [number, number, string]>(
      "INSERT INTO final (sequence, queuedAtMs, body) VALUES (?, ?, ?)",
    );
    const first = this.#lastSequence + 1;
    const insertAll = () => {
      for (const { queuedAtMs, body } of finals) {
        this.#lastSequence += 1;
        statement.run(this.#lastSequence, queuedAtMs, body);
      }
    };
    // A single statement is a transaction of its own, and cheaper.
    if (finals.length === 1) insertAll();
    else this.#file.transaction(insertAll)();
    this.#rows += finals.length;
    for (const final of finals) this.#bytes += sizeOf(final);
    this.#oldestQueuedAtMs ??= finals[0]?.queuedAtMs;
    return first;
  }

  readAfter(sequence: number, limit: number): readonly KeptFinal[] {
    return this.#file
      .query<KeptFinal, [number, number]>(
        "SELECT sequence, queuedAtMs, body FROM final WHERE sequence > ? ORDER BY sequence LIMIT ?",
      )
      .all(sequence, limit);
  }

  /** Removes those that are there, in one statement; true when there were any. */
  remove(sequences: readonly number[]): boolean {
    const sizes = this.#delete(sequences);
    this.#uncount(sizes);
    return sizes.length > 0;
  }

  /** Moves a final that cannot be read out of everybody's way. */
  setAside({ sequence, queuedAtMs, body }: KeptFinal): void {
    const move = this.#file.transaction(() => {
      this.#file.run("INSERT INTO damaged (queuedAtMs, body) VALUES (?, ?)", [queuedAtMs, body]);
      this.#file.run(
        `DELETE FROM damaged WHERE id <= (SELECT max(id) FROM damaged) - ${DAMAGED_ROWS_MAX}`,
      );
      return this.#delete([sequence]);
    });
    this.#uncount(move());
    this.#rowsDamaged += 1;
  }

  /** Throws where nothing can be written; changes nothing. */
  probe(): void {
    this.#file.run(`PRAGMA user_version = ${STEPS.length}`);
  }

  /** Brings the write-ahead log into the file, so that the log's space is used again. */
  checkpoint(): void {
    this.#file.run("PRAGMA wal_checkpoint");
  }

  /** Whether there are no other finals than these. */
  holdsOnly(sequences: readonly number[]): boolean {
    const others = this.#readNumber(
      "SELECT count(*) FROM final WHERE sequence NOT IN (SELECT value FROM json_each(?))",
      JSON.stringify(sequences),
    );
    return others === 0 && this.#rowsDamaged === 0;
  }

  /**
   * Begins with an empty file. A disk can be so full that nothing can be removed from a file, because that needs room in its
   * log; the file itself can go. Numbers go on as if nothing had happened.
   */
  startOver(): void {
    const sessions = this.providerSessions.readAll();
    this.#file.close();
    // The log first: an old one beside a new file would be taken for its own.
    rmSync(`${this.#path}-wal`, { force: true });
    rmSync(this.#path, { force: true });
    this.#rows = 0;
    this.#bytes = 0;
    this.#oldestQueuedAtMs = undefined;
    this.#file = this.#open();
    this.providerSessions.moveTo(this.#file, sessions);
  }

  /** Brings the log into the file, and gives the lock back. */
  close(): void {
    this.#file.close();
  }

  /** The sizes of those that were there. */
  #delete(sequences: readonly number[]): readonly number[] {
    return this.#file
      .query<{ readonly size: number }, [string]>(
        `DELETE FROM final WHERE sequence IN (SELECT value FROM json_each(?)) RETURNING ${SIZE} AS size`,
      )
      .all(JSON.stringify(sequences))
      .map(({ size }) => size);
  }

  #uncount(sizes: readonly number[]): void {
    this.#rows -= sizes.length;
    for (const size of sizes) this.#bytes -= size;
    this.#oldestQueuedAtMs = this.#readOldest();
  }

  #readOldest(): number | undefined {
    return this.#readNumber("SELECT queuedAtMs FROM final ORDER BY sequence LIMIT 1");
  }

  #readNumber(sql: string, ...parameters: readonly string[]): number | undefined {
    const value = this.#file.query(sql).values(...parameters)[0]?.[0];
    return typeof value === "number" ? value : undefined;
  }
}
