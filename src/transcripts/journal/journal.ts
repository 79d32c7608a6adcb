/**
 * The write-ahead journal: finals that the database has not committed yet, in a file that outlives the process.
 *
 * R1: a final is shown to its speaker from `onKept`, not earlier; then a killed process loses none that anybody has seen.
 * A final leaves by `remove`, once the database has committed it or the dead letters hold it. One that the process dies
 * before removing is read, and written, again at the next start, which changes nothing (R4).
 *
 * How much a kept final survives is the option `sync`:
 * - `normal`: a killed process. It is kept before `append` returns.
 * - `full`: a power cut too. Finals of a few milliseconds share one transaction and one fsync, and are kept after it.
 *
 * Modes: open → closed (`close`). A closed journal refuses finals, and can be neither read nor changed.
 */
import { join } from "node:path";
import { every, monotonicMs, type RunningTimer } from "../../kernel/timers.ts";
import type { Final, JournaledFinal } from "../final.ts";
import { tell, tellAll, type Addition, type AppendListener, type Outcome } from "./addition.ts";
import { decodeFinal, encodeFinal } from "./final-codec.ts";
import { JournalError, toJournalError } from "./journal-error.ts";
import { JournalGroup } from "./journal-group.ts";
import { JournalTable, sizeOf, type KeptFinal } from "./journal-table.ts";
import type { ProviderSessionBook } from "./provider-session-book.ts";

export interface JournalOptions {
  /** Holds `journal.sqlite`; made with its parents where it is missing. */
  readonly directory: string;
  /** A final that would bring `JournalState.bytes` above it is refused (R6). */
  readonly bytesMax: number;
  readonly sync: "normal" | "full";
}

export interface JournalState {
  readonly rows: number;
  /** Bodies and overhead of the finals. The file may be larger: it never shrinks, and uses its space again. */
  readonly bytes: number;
  readonly bytesMax: number;
  /** By `monotonicMs`; negative where an earlier process queued it. */
  readonly oldestQueuedAtMs: number | undefined;
  /** The last final was refused, and neither a removal nor a try of our own has shown since that the next one fits. */
  readonly isRefusing: boolean;
  /** The latest refusal or failing removal; it stays when things go well again. */
  readonly lastProblem: string | undefined;
  /** Finals that could not be read any more. They are kept aside in the file, the latest 1000 of them. */
  readonly rowsDamaged: number;
}

/** Removals that wait for another try; beyond them the oldest finals stay, and are written again (R4). */
const REMOVALS_WAITING_MAX = 100_000;

/** How often a file that failed is tried: the gateway takes no new sessions meanwhile, so finals may never try it. */
const RECOVERY_MS = 1000;

/** Throws a `JournalError` when another process has the journal, a newer build wrote it, or it cannot be used. */
export function openJournal(options: JournalOptions): Journal {
  const path = join(options.directory, "journal.sqlite");
  try {
    return new Journal({ table: new JournalTable(path, options) }, options);
  } catch (error) {
    throw toJournalError(error, `${path} cannot be read`);
  }
}

export class Journal {
  /** Provider sessions that are open, in the same file. */
  readonly providerSessions: ProviderSessionBook;
  readonly #table: JournalTable;
  readonly #options: JournalOptions;
  readonly #group: JournalGroup<Addition>;
  /** When `monotonicMs` was zero: the file has times of the wall clock, which may be set meanwhile and ages no final. */
  readonly #epochMs = Date.now() - monotonicMs();
  #removalsWaiting: readonly number[] = [];
  #recoveryTimer: RunningTimer | undefined;
  #isRefusing = false;
  #lastProblem: string | undefined;
  #isClosed = false;

  constructor({ table }: { readonly table: JournalTable }, options: JournalOptions) {
    this.providerSessions = table.providerSessions;
    this.#table = table;
    this.#options = options;
    this.#group = new JournalGroup({ onDue: () => this.#commitGroup() });
  }

  /** Counted along, never read from the file. */
  get state(): JournalState {
    const { rows, bytes, rowsDamaged, oldestQueuedAtMs } = this.#table;
    return {
      rows,
      bytes,
      bytesMax: this.#options.bytesMax,
      oldestQueuedAtMs:
        oldestQueuedAtMs === undefined ? undefined : this.#toMonotonic(oldestQueuedAtMs),
      isRefusing: this.#isRefusing,
      lastProblem: this.#lastProblem,
      rowsDamaged,
    };
  }

  /** The listener hears before this returns or, under `full`, in a few milliseconds. Never throws by itself. */
  append(final: Final, listener: AppendListener): void {
    const body = encodeFinal(final);
    const bytes = sizeOf({ body });
    const addition = { final, body, bytes, queuedAtMs: monotonicMs(), listener };
    const obstacle = this.#obstacleTo(bytes);
    if (obstacle !== undefined) {
      this.#refuse(addition, obstacle);
    } else if (this.#options.sync === "normal") {
      tell(addition, this.#insert([addition]));
    } else {
      this.#group.add(addition);
    }
  }

  /** Lets finals go, in one statement; unknown numbers are ignored. Never throws: a failing removal is tried again. */
  remove(sequences: readonly number[]): void {
    const due = [...this.#removalsWaiting, ...sequences];
    if (due.length === 0) return;
    this.#removalsWaiting = [];
    try {
      this.#removeHalving(due);
    } catch (error) {
      this.#noteFailure(toJournalError(error, "removing finals from the journal"));
    }
  }

  /**
   * The first `limit` finals with numbers above `after`, in order; fewer only at the end. A damaged one is set aside and
   * left out. Throws a `JournalError` when the file cannot be read.
   */
  readAfter(after: number, limit: number): readonly JournaledFinal[] {
    try {
      const finals: JournaledFinal[] = [];
      let last: number | undefined = after;
      while (last !== undefined && finals.length < limit) {
        const kept: readonly KeptFinal[] = this.#table.readAfter(last, limit - finals.length);
        for (const one of kept) {
          const { sequence } = one;
          const final = decodeFinal(one.body);
          if (final === undefined) this.#setAside(one);
          else finals.push({ ...final, sequence, queuedAtMs: this.#toMonotonic(one.queuedAtMs) });
        }
        last = kept.at(-1)?.sequence;
      }
      return finals;
    } catch (error) {
      throw toJournalError(error, "reading the journal");
    }
  }

  /** Commits what waits for its group, brings the log into the file and gives the lock back. Repetition is harmless. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      this.#commitGroup();
      this.remove([]);
    } finally {
      this.#recoveryTimer?.stop();
      this.#table.close();
    }
  }

  /** A removal that is too large for what is left of the disk is done in halves; what could not be removed then waits. */
  #removeHalving(due: readonly number[]): void {
    try {
      if (this.#tryTwice(() => this.#table.remove(due))) this.#isRefusing = false;
      return;
    } catch (error) {
      if (due.length === 1) {
        this.#keepForLater(due);
        throw error;
      }
    }
    const middle = Math.ceil(due.length / 2);
    try {
      this.#removeHalving(due.slice(0, middle));
    } catch (error) {
      this.#keepForLater(due.slice(middle));
      throw error;
    }
    this.#removeHalving(due.slice(middle));
  }

  #keepForLater(sequences: readonly number[]): void {
    this.#removalsWaiting = [...this.#removalsWaiting, ...sequences].slice(-REMOVALS_WAITING_MAX);
  }

  #obstacleTo(bytes: number): JournalError | undefined {
    if (this.#isClosed) return new JournalError("the journal is closed");
    const bytesWanted = this.#table.bytes + this.#group.bytes + bytes;
    const { bytesMax } = this.#options;
    if (bytesWanted <= bytesMax) return undefined;
    return new JournalError(
      `expected a journal of at most ${bytesMax} bytes, got a final that makes it ${bytesWanted}`,
      { retryable: true },
    );
  }

  #commitGroup(): void {
    const additions = this.#group.take();
    if (additions.length === 0) return;
    tellAll(additions, this.#insert(additions));
  }

  /** A clock that was set back before this process began makes no final younger than now. */
  #toMonotonic(wallMs: number): number {
    return Math.min(wallMs - this.#epochMs, monotonicMs());
  }

  /** Tells nobody yet. */
  #insert(additions: readonly Addition[]): Outcome {
    try {
      // NOTE: not tried twice. The last room of a full disk is for removals, which make more.
      const first = this.#table.insert(
        additions.map(({ queuedAtMs, body }) => ({ queuedAtMs: this.#epochMs + queuedAtMs, body })),
      );
      this.#isRefusing = false;
      return first;
    } catch (error) {
      const problem = toJournalError(error, "writing to the journal");
      this.#noteFailure(problem);
      this.#isRefusing = true;
      return problem;
    }
  }

  #refuse(addition: Addition, problem: JournalError): void {
    try {
      // Those that came before hear before.
      this.#commitGroup();
    } finally {
      this.#isRefusing = true;
      this.#lastProblem = problem.message;
      tell(addition, problem);
    }
  }

  #setAside(final: KeptFinal): void {
    try {
      this.#table.setAside(final);
    } catch (error) {
      // It stays where it is, and is found again by whoever reads next.
      this.#noteFailure(toJournalError(error, "setting a damaged final aside"));
    }
  }

  #noteFailure(problem: JournalError): void {
    this.#lastProblem = problem.message;
    if (!this.#isClosed) this.#recoveryTimer ??= every(RECOVERY_MS, () => this.#recover());
  }

  #recover(): void {
    try {
      this.#tryTwice(() => this.#table.probe());
    } catch {
      // What fails has been noted; the next turn tries again.
      if (!this.#startOver()) return;
    }
    this.#recoveryTimer?.stop();
    this.#recoveryTimer = undefined;
    this.#isRefusing = false;
    this.remove([]);
  }

  /** Where everything in the file may go, the file may. False when something has to stay, or a new file cannot be made. */
  #startOver(): boolean {
    try {
      if (this.#table.rows > 0 && !this.#table.holdsOnly(this.#removalsWaiting)) return false;
      this.#table.startOver();
      this.#removalsWaiting = [];
      return true;
    } catch (error) {
      this.#lastProblem = toJournalError(error, "beginning with a new journal").message;
      return false;
    }
  }

  /** On a full disk the log cannot grow, but once it has gone into the file, its space can be written again. */
  #tryTwice<Result>(write: () => Result): Result {
    try {
      return write();
    } catch {
      // The second try tells what is wrong, if anything still is.
      this.#table.checkpoint();
      return write();
    }
  }
}
