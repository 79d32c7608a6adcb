import { backoffMs } from "../../kernel/backoff.ts";
import { toAppError } from "../../kernel/errors.ts";
import type { Log } from "../../observe/log.ts";

export interface LastWriteError {
  readonly code: string;
  /** ISO 8601. */
  readonly at: string;
}

/** The gateway asks for no new sessions when writing has failed for this long: longer than any restart of a database. */
const DEGRADED_AFTER_MS = 10_000;

const BACKOFF = { firstMs: 200, mostMs: 5000 };

/** Remembers that the database takes no batches, and when to try again (R5). Logs the crossings, not every attempt. */
export class WriteFailures {
  readonly #log: Log;
  #attempts = 0;
  #sinceMs = 0;
  #retryAtMs = 0;
  #last: LastWriteError | null = null;

  constructor(log: Log) {
    this.#log = log;
  }

  /** The latest failure there ever was. */
  get last(): LastWriteError | null {
    return this.#last;
  }

  isWaiting(nowMs: number): boolean {
    return nowMs < this.#retryAtMs;
  }

  /** The next attempt need not wait: somebody asks for it. */
  skipWait(): void {
    this.#retryAtMs = 0;
  }

  note(error: unknown, sessionSlug: string | undefined): void {
    const nowMs = Date.now();
    if (this.#attempts === 0) this.#sinceMs = nowMs;
    this.#attempts += 1;
    this.#retryAtMs = nowMs + backoffMs(this.#attempts, BACKOFF);
    const { code, message } = toAppError(error);
    this.#last = { code, at: new Date(nowMs).toISOString() };
    if (this.#attempts > 1) return;
    this.#log.error("Error flushing batch for session", {
      session: sessionSlug,
      code,
      problem: message,
    });
  }

  clear(): void {
    if (this.#attempts === 0) return;
    this.#log.info("The database takes batches again", { after: this.#attempts });
    this.#attempts = 0;
    this.#retryAtMs = 0;
  }

  /** Why new sessions should go elsewhere, or nothing (R33). */
  readinessProblem(): string | undefined {
    const failingMs = this.#attempts === 0 ? 0 : Date.now() - this.#sinceMs;
    if (failingMs < DEGRADED_AFTER_MS) return undefined;
    return `the database has taken no batch for ${Math.round(failingMs / 1000)} s`;
  }
}
