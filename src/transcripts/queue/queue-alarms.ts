import { traceError } from "../../kernel/error-trace.ts";
import { toAppError } from "../../kernel/errors.ts";
import { monotonicMs } from "../../kernel/timers.ts";
import { Watched, type Watchable } from "../../kernel/watched.ts";
import type { Log } from "../../observe/log.ts";
import type { JournalState } from "../journal/journal.ts";

export interface QueueAlarmsDeps {
  readonly journal: { readonly state: JournalState };
  readonly log: Log;
}

export interface LastWriteError {
  readonly code: string;
  /** ISO 8601. */
  readonly at: string;
}

/** From this share of the journal's bound on, new sessions go elsewhere (R6). */
const NEARLY_FULL_SHARE = 0.8;

/** The warning of a long queue ends when this share of its limit is reached again. */
const RELEASE_SHARE = 0.8;

/** The gateway asks for no new sessions when writing has failed for this long: longer than any restart of a database. */
const DEGRADED_AFTER_MS = 10_000;

/**
 * What an operator should know of the queue. Each alarm is logged when it begins and when it is over, once each way, and not
 * while it lasts; all of them may last at once.
 *
 * - The journal takes no finals: they wait in memory alone (R6). Whoever watches `isUnjournaled` hears of it too.
 * - More finals wait than the operator expects (R7).
 * - The database takes no batches (R5).
 *
 * The first one and the last one, and a journal that is nearly full, keep new sessions away (R33).
 */
export class QueueAlarms {
  readonly #deps: QueueAlarmsDeps;
  readonly #isUnjournaled: Watched<boolean>;
  #isOverflowing = false;
  #failingSinceMs: number | undefined;
  #lastError: LastWriteError | null = null;

  constructor(deps: QueueAlarmsDeps) {
    this.#deps = deps;
    // R24: a final is about to be queued, and must be, whoever cannot be told.
    const onFailed = (error: unknown) =>
      deps.log.error("Not every client could be told about the journal", traceError(error));
    this.#isUnjournaled = new Watched({ onFailed }, false);
  }

  /** Whether finals wait in memory alone, or would if they came. */
  get isUnjournaled(): Watchable<boolean> {
    return this.#isUnjournaled;
  }

  /** The database's latest failure, also when it is over. */
  get lastError(): LastWriteError | null {
    return this.#lastError;
  }

  noteUnjournaled(isUnjournaled: boolean): void {
    if (isUnjournaled === this.#isUnjournaled.value) return;
    const { log, journal } = this.#deps;
    const { rows, bytes, lastProblem } = journal.state;
    if (isUnjournaled) {
      log.error("The journal takes no finals: they wait in memory alone", {
        rows,
        bytes,
        problem: lastProblem,
      });
    } else {
      log.info("Every final is in the journal again", { rows, bytes });
    }
    this.#isUnjournaled.set(isUnjournaled);
  }

  noteLength(waiting: number, limit: number): void {
    if (!this.#isOverflowing && waiting >= limit) {
      this.#isOverflowing = true;
      this.#deps.log.warn("Queue overflow!", { waiting, limit });
    } else if (this.#isOverflowing && waiting <= limit * RELEASE_SHARE) {
      this.#isOverflowing = false;
      this.#deps.log.info("The queue is below its limit again", { waiting });
    }
  }

  /** `call` is that of the batch's oldest final, where a batch was taken at all. */
  noteFailure(error: unknown, call: string | undefined): void {
    const { code, message } = toAppError(error);
    this.#lastError = { code, at: new Date().toISOString() };
    if (this.#failingSinceMs !== undefined) return;
    this.#failingSinceMs = monotonicMs();
    this.#deps.log.error("Error flushing batch for call", { call, code, problem: message });
  }

  /** The database has taken all that it was given, after so many failed attempts. */
  noteSuccess(failedAttempts: number): void {
    if (this.#failingSinceMs === undefined) return;
    this.#failingSinceMs = undefined;
    this.#deps.log.info("The database takes batches again", { after: failedAttempts });
  }

  /** Why new sessions should go elsewhere, or nothing (R6, R33). */
  readinessProblem(): string | undefined {
    const { bytes, bytesMax } = this.#deps.journal.state;
    if (this.#isUnjournaled.value) return "finals wait in memory alone: the journal takes none";
    if (bytes >= bytesMax * NEARLY_FULL_SHARE) {
      return `the journal is nearly full: ${bytes} of ${bytesMax} bytes`;
    }
    if (this.#failingSinceMs === undefined) return undefined;
    const failingMs = monotonicMs() - this.#failingSinceMs;
    if (failingMs < DEGRADED_AFTER_MS) return undefined;
    return `the database has taken no batch for ${Math.round(failingMs / 1000)} s`;
  }
}
