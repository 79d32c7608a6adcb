/**
 * Finals on their way to the database: a queue in memory, fed by the journal, flushed by `setInterval` (R7).
 *
 * A row is in the journal before anybody is told of it (R1), and leaves it when the database has committed it, or when the
 * dead letters hold it: because the database refuses that very row, or because its session stays unknown (R5). One flush runs
 * at a time, with one batch, or with two large ones while a backlog is worked off. A batch goes out when it is full, when
 * the interval has passed, and on `flushAllPending`. A batch that the database could not take goes back to the front, in
 * order, and is tried again after a jittered backoff. A row that the journal could not take waits in memory alone; when that
 * is full too, it is lost and counted (R6).
 *
 * Modes: created → running (`start`) → stopped (`stopFlushTimer`); `flushAllPending` works in all of them.
 */
import type { Parsed } from "../kernel/result.ts";
import { every, sleep, type RunningTimer } from "../kernel/timers.ts";
import type { Log } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { Final, FinalWriter, QueuedFinal } from "./final.ts";
import type { DeadLetterFile } from "./journal/dead-letter-file.ts";
import type { Journal } from "./journal/journal.ts";
import { takeBatches } from "./queue/batch-choice.ts";
import { parseBatchQueueConfig, type BatchQueueConfig } from "./queue/batch-queue-config.ts";
import { settleBatch } from "./queue/batch-settlement.ts";
import { writeIsolating } from "./queue/batch-writer.ts";
import { GivenUpRows, type LossCause } from "./queue/given-up-rows.ts";
import { JournalAlarm } from "./queue/journal-alarm.ts";
import { OverflowAlarm } from "./queue/overflow-alarm.ts";
import { ParkedFinals } from "./queue/parked-finals.ts";
import { WaitingFinals } from "./queue/waiting-finals.ts";
import { WriteFailures, type LastWriteError } from "./queue/write-failures.ts";

export interface TranscriptBatchQueueDeps {
  readonly writer: FinalWriter;
  readonly journal: Pick<Journal, "append" | "remove" | "readAfter" | "state">;
  readonly deadLetters: Pick<DeadLetterFile, "add">;
  readonly log: Log;
  readonly metrics: Metrics;
  /** True when finals wait in memory alone from now on, false when the journal takes them again. */
  readonly onUnjournaled: (isUnjournaled: boolean) => void;
}

export interface TranscriptBatchQueueOptions {
  readonly config: BatchQueueConfig;
  /** A final whose session does not exist is tried again for this long. */
  readonly unknownSessionLimitMs: number;
}

export interface QueueMetrics {
  /** Rows not yet committed: in the journal, or in memory alone. */
  readonly queueLength: number;
  readonly totalQueued: number;
  /** Committed rows only. */
  readonly totalFlushed: number;
  /** Batches that the database did not accept as a whole. */
  readonly totalErrors: number;
  readonly oldestAgeMs: number;
  readonly lastError: LastWriteError | null;
  /** Lost finals, by cause. */
  readonly dropped: Readonly<Record<LossCause, number>>;
}

/** What a shutdown could not write. */
export interface UnflushedFinals {
  /** In the journal: the next start writes them. */
  readonly kept: number;
  /** In memory alone. */
  readonly lost: number;
}

/** Rows in memory, about 10 MB; the journal holds what is more. As many again may wait for their session. */
const MEMORY_FINALS_MAX = 20_000;

/** Rows younger than this share of the interval may wait for the next tick: no row waits longer than one and a half. */
const FRESH_SHARE = 0.5;

/** Between two attempts of the last flush: a database that restarts is back in moments, and time is short. */
const LAST_FLUSH_RETRY_MS = 200;

export class TranscriptBatchQueue {
  readonly #deps: TranscriptBatchQueueDeps;
  readonly #waiting: WaitingFinals;
  readonly #parked: ParkedFinals;
  readonly #givenUp: GivenUpRows;
  readonly #failures: WriteFailures;
  readonly #alarm: JournalAlarm;
  readonly #overflow: OverflowAlarm;
  #config: BatchQueueConfig;
  /** Rows that are in memory alone. */
  #unjournaledCount = 0;
  /** Rows at the front that go out even without filling a batch. */
  #dueCount = 0;
  #timer: RunningTimer | undefined;
  #flushing: Promise<void> | undefined;
  #hasFlushedSinceTick = false;

  constructor(deps: TranscriptBatchQueueDeps, options: TranscriptBatchQueueOptions) {
    this.#deps = deps;
    this.#config = options.config;
    this.#waiting = new WaitingFinals(deps.journal, { finalsMax: MEMORY_FINALS_MAX });
    this.#parked = new ParkedFinals({
      limitMs: options.unknownSessionLimitMs,
      finalsMax: MEMORY_FINALS_MAX,
    });
    this.#givenUp = new GivenUpRows(deps);
    this.#failures = new WriteFailures(deps.log);
    this.#alarm = new JournalAlarm(deps);
    this.#overflow = new OverflowAlarm(deps.log);
    deps.metrics.track("queue_length", () => this.#length);
    deps.metrics.track("queue_oldest_age_seconds", () => this.#oldestAgeMs / 1000);
  }

  start(): void {
    this.#timer ??= every(this.#config.flushIntervalMs, () => this.#tick());
  }

  /**
   * Takes a row, and calls `onKept` once, when it may be shown: at once, or in a few milliseconds where the journal's group
   * commit is awaited. Rows are shown in the order in which they came.
   */
  enqueue(final: Final, onKept: () => void): void {
    this.#deps.metrics.tallies.segments_queued += 1;
    this.#deps.journal.append(final, {
      onKept: (journaled) => {
        this.#admit(journaled);
        onKept();
      },
      onRefused: () => {
        this.#alarm.note(true);
        this.#deps.metrics.tallies.segments_unjournaled += 1;
        this.#admit({ ...final, sequence: undefined, queuedAtMs: Date.now() });
        onKept();
      },
    });
  }

  /** Changes the running queue; a problem changes nothing. */
  setBatchQueueConfig(changes: Partial<BatchQueueConfig>): Parsed<BatchQueueConfig> {
    const parsed = parseBatchQueueConfig(this.#config, changes);
    if (!parsed.ok) return parsed;
    this.#config = parsed.value;
    if (this.#timer !== undefined) {
      this.stopFlushTimer();
      this.start();
    }
    return parsed;
  }

  getQueueMetrics(): QueueMetrics {
    const { tallies } = this.#deps.metrics;
    return {
      queueLength: this.#length,
      totalQueued: tallies.segments_queued,
      totalFlushed: tallies.segments_flushed,
      totalErrors: tallies.flush_errors,
      oldestAgeMs: this.#oldestAgeMs,
      lastError: this.#failures.last,
      dropped: this.#givenUp.losses,
    };
  }

  /** Why new sessions should go elsewhere, or nothing (R6, R33). */
  readinessProblem(): string | undefined {
    return this.#alarm.readinessProblem() ?? this.#failures.readinessProblem();
  }

  /** Writes everything that waits, trying again until `limitMs` has passed; resolves with what is left. */
  async flushAllPending(limitMs: number): Promise<UnflushedFinals> {
    const deadlineAtMs = Date.now() + limitMs;
    this.#waiting.putBack(this.#parked.takeAll());
    // What is being written waits no more, and is not written yet.
    const isPending = () => this.#waiting.hasMore || this.#flushing !== undefined;
    for (let isFirst = true; isPending() && Date.now() < deadlineAtMs; isFirst = false) {
      if (!isFirst) await sleep(Math.min(LAST_FLUSH_RETRY_MS, deadlineAtMs - Date.now()));
      this.#markAllDue();
      this.#failures.skipWait();
      // A statement that hangs must not hold the shutdown beyond its limit, nor the limit's timer a finished one.
      const flushed = new AbortController();
      await Promise.race([this.#flush(), sleep(deadlineAtMs - Date.now(), flushed.signal)]);
      flushed.abort();
    }
    return { kept: this.#deps.journal.state.rows, lost: this.#unjournaledCount };
  }

  stopFlushTimer(): void {
    this.#timer?.stop();
    this.#timer = undefined;
  }

  get #length(): number {
    return this.#deps.journal.state.rows + this.#unjournaledCount;
  }

  get #oldestAgeMs(): number {
    const inMemory = this.#waiting.oldest?.queuedAtMs ?? Number.POSITIVE_INFINITY;
    const oldestAtMs = Math.min(this.#deps.journal.state.oldestQueuedAtMs ?? inMemory, inMemory);
    return Number.isFinite(oldestAtMs) ? Math.max(0, Date.now() - oldestAtMs) : 0;
  }

  #admit(queued: QueuedFinal): void {
    if (!this.#waiting.add(queued)) {
      this.#givenUp.lose(queued, "memory-full");
      return;
    }
    if (queued.sequence === undefined) this.#unjournaledCount += 1;
    this.#overflow.watch(this.#length, this.#config.maxQueueSize);
    if (this.#waiting.count >= this.#config.maxBatchSize) void this.#flush();
  }

  #tick(): void {
    // Over is the danger only when what waited in memory alone is written.
    this.#alarm.note(this.#deps.journal.state.isRefusing || this.#unjournaledCount > 0);
    this.#waiting.putBack(this.#parked.takeDue(Date.now()));
    // Where full batches go out faster than the timer ticks, the rest fills one soon: it need not go alone.
    const oldestAtMs = this.#waiting.oldest?.queuedAtMs ?? 0;
    const restFillsSoon =
      this.#hasFlushedSinceTick &&
      Date.now() - oldestAtMs < this.#config.flushIntervalMs * FRESH_SHARE;
    this.#hasFlushedSinceTick = false;
    if (restFillsSoon || !this.#waiting.hasMore) return;
    this.#markAllDue();
    void this.#flush();
  }

  /** Everything that is there now goes out, in memory or still in the journal; what comes later does not go with it. */
  #markAllDue(): void {
    this.#dueCount = this.#waiting.isBehind ? Number.POSITIVE_INFINITY : this.#waiting.count;
  }

  /** Never rejects. One flush at a time: a second call joins the first. */
  #flush(): Promise<void> {
    this.#flushing ??= this.#writeDue().finally(() => {
      this.#flushing = undefined;
    });
    return this.#flushing;
  }

  async #writeDue(): Promise<void> {
    while (this.#isBatchDue() && !this.#failures.isWaiting(Date.now())) await this.#writeBatches();
  }

  #isBatchDue(): boolean {
    if (this.#waiting.count >= this.#config.maxBatchSize) return true;
    return this.#dueCount > 0 && this.#waiting.hasMore;
  }

  /** Never rejects. The awaits are here alone: nothing else touches the queue's front meanwhile. */
  async #writeBatches(): Promise<void> {
    let batches: readonly (readonly QueuedFinal[])[] = [];
    try {
      batches = this.#takeBatches();
      const outcomes = await Promise.allSettled(batches.map((batch) => this.#write(batch)));
      this.#judge(batches, outcomes);
    } catch (error) {
      // The journal could not be read: nothing was taken.
      this.#failures.note(error, undefined);
    }
    this.#overflow.watch(this.#length, this.#config.maxQueueSize);
  }

  #takeBatches(): readonly (readonly QueuedFinal[])[] {
    this.#waiting.refill();
    if (!this.#waiting.isBehind) this.#dueCount = Math.min(this.#dueCount, this.#waiting.count);
    const batches = takeBatches(this.#waiting, this.#config.maxBatchSize);
    // Before the write: a tick during it finds the rows that came meanwhile due, and them alone.
    const takenCount = batches.flat().length;
    this.#dueCount = takenCount === 0 ? 0 : Math.max(0, this.#dueCount - takenCount);
    return batches;
  }

  async #write(batch: readonly QueuedFinal[]): Promise<void> {
    this.#deps.metrics.tallies.flushes += 1;
    this.#hasFlushedSinceTick = true;
    const result = await writeIsolating(this.#deps.writer, batch);
    this.#unjournaledCount -= settleBatch(batch, result, {
      journal: this.#deps.journal,
      metrics: this.#deps.metrics,
      parked: this.#parked,
      givenUp: this.#givenUp,
    });
  }

  #judge(
    batches: readonly (readonly QueuedFinal[])[],
    outcomes: readonly PromiseSettledResult<void>[],
  ): void {
    const failed = batches.filter((_, index) => outcomes[index]?.status === "rejected");
    // The last one first, so that the oldest is at the front again.
    for (const batch of failed.toReversed()) this.#waiting.putBack(batch);
    this.#deps.metrics.tallies.flush_errors += failed.length;
    const failure = outcomes.find((outcome) => outcome.status === "rejected");
    if (failure === undefined) this.#failures.clear();
    else this.#failures.note(failure.reason, failed[0]?.[0]?.speaker.sessionSlug);
  }
}
