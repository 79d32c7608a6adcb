/**
 * Finals on their way to the database: a queue in memory, fed by the journal, flushed by `setInterval` (R7).
 *
 * A final is in the journal before anybody is told of it (R1), and leaves it when the database has committed it, or when the
 * dead letters hold it: because the database refuses that very final, or because its call stays unknown (R5). One flush runs
 * at a time, with one batch, or with two large ones while a backlog is worked off. A batch goes out when it is full, when
 * the interval has passed, and on `flushAllPending`. A batch that the database could not take goes back to the front, in
 * order, and is tried again after a jittered backoff. A final that the journal could not take waits in memory alone; when that
 * is full too, it is lost and counted (R6).
 *
 * Modes: created → running (`start`) → stopped (`stopFlushTimer`); `flushAllPending` works in all of them.
 */
import type { Parsed } from "../kernel/result.ts";
import { every, monotonicMs, type RunningTimer, sleep } from "../kernel/timers.ts";
import type { Watchable } from "../kernel/watched.ts";
import type { Log } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { Final, FinalWriter, QueuedFinal } from "./final.ts";
import type { DeadLetterFile } from "./journal/dead-letter-file.ts";
import type { Journal } from "./journal/journal.ts";
import { parseBatchQueueConfig, type BatchQueueConfig } from "./queue/batch-queue-config.ts";
import { writeIsolating } from "./queue/batch-writer.ts";
import { ParkedFinals } from "./queue/parked-finals.ts";
import { QueueAlarms, type LastWriteError } from "./queue/queue-alarms.ts";
import { Settlement, type LossCause } from "./queue/settlement.ts";
import { WaitingFinals } from "./queue/waiting-finals.ts";
import { WriteRetry } from "./queue/write-retry.ts";

export interface TranscriptBatchQueueDeps {
  readonly writer: FinalWriter;
  readonly journal: Pick<Journal, "append" | "remove" | "readAfter" | "state">;
  readonly deadLetters: Pick<DeadLetterFile, "add">;
  readonly log: Log;
  readonly metrics: Metrics;
}

export interface TranscriptBatchQueueOptions {
  readonly config: BatchQueueConfig;
  /** A final whose call does not exist is tried again for this long. */
  readonly unknownSessionLimitMs: number;
}

export interface QueueMetrics {
  /** Finals not yet committed: in the journal, or in memory alone. */
  readonly queueLength: number;
  readonly totalQueued: number;
  /** Committed finals only. */
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

/** Finals in memory, about 10 MB; the journal holds what is more. As many again may wait for their call. */
const MEMORY_FINALS_MAX = 20_000;

/** Finals younger than this share of the interval may wait for the next tick: none waits longer than one and a half. */
const FRESH_SHARE = 0.5;

/** Between two attempts of the last flush: a database that restarts is back in moments, and time is short. */
const LAST_FLUSH_RETRY_MS = 200;

export class TranscriptBatchQueue {
  readonly #deps: TranscriptBatchQueueDeps;
  readonly #waiting: WaitingFinals;
  readonly #parked: ParkedFinals;
  readonly #settlement: Settlement;
  readonly #retry = new WriteRetry();
  readonly #alarms: QueueAlarms;
  #config: BatchQueueConfig;
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
    this.#settlement = new Settlement({ ...deps, parked: this.#parked });
    this.#alarms = new QueueAlarms(deps);
    deps.metrics.track("queue_length", () => this.#length);
    deps.metrics.track("queue_oldest_age_seconds", () => this.#oldestAgeMs / 1000);
  }

  start(): void {
    this.#timer ??= every(this.#config.flushIntervalMs, () => this.#tick());
  }

  /**
   * Takes a final, and calls `onKept` once, when it may be shown: at once, or in a few milliseconds where the journal's group
   * commit is awaited. Finals are shown in the order in which they came.
   */
  enqueue(final: Final, onKept: () => void): void {
    this.#deps.metrics.tallies.segments_queued += 1;
    this.#deps.journal.append(final, {
      onKept: (journaled) => {
        this.#admit(journaled);
        onKept();
      },
      onRefused: () => {
        // R6: everybody is told before it is shown.
        this.#alarms.noteUnjournaled(true);
        this.#deps.metrics.tallies.segments_unjournaled += 1;
        this.#admit({ ...final, sequence: undefined, queuedAtMs: monotonicMs() });
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
      lastError: this.#alarms.lastError,
      dropped: this.#settlement.losses,
    };
  }

  /** Whether finals wait in memory alone from now on, so that they would be lost with the process (R6). */
  get isUnjournaled(): Watchable<boolean> {
    return this.#alarms.isUnjournaled;
  }

  /** Why new sessions should go elsewhere, or nothing (R6, R33). */
  readinessProblem(): string | undefined {
    return this.#alarms.readinessProblem();
  }

  /** Writes everything that waits, trying again until `limitMs` has passed; resolves with what could not be written. */
  async flushAllPending(limitMs: number): Promise<UnflushedFinals> {
    const deadlineAtMs = monotonicMs() + limitMs;
    this.#waiting.putBack(this.#parked.takeAll());
    // What is being written waits no more, and is not written yet.
    const isPending = () => this.#waiting.hasMore || this.#flushing !== undefined;
    for (let isFirst = true; isPending() && monotonicMs() < deadlineAtMs; isFirst = false) {
      if (!isFirst) await sleep(Math.min(LAST_FLUSH_RETRY_MS, deadlineAtMs - monotonicMs()));
      this.#waiting.markAllDue();
      this.#retry.skipWait();
      // A statement that hangs must not hold the shutdown beyond its limit, nor the limit's timer a finished one.
      const flushed = new AbortController();
      await Promise.race([this.#flush(), sleep(deadlineAtMs - monotonicMs(), flushed.signal)]);
      flushed.abort();
    }
    return { kept: this.#deps.journal.state.rows, lost: this.#settlement.unjournaledCount };
  }

  stopFlushTimer(): void {
    this.#timer?.stop();
    this.#timer = undefined;
  }

  get #length(): number {
    return this.#deps.journal.state.rows + this.#settlement.unjournaledCount;
  }

  get #oldestAgeMs(): number {
    const inMemory = this.#waiting.oldest?.queuedAtMs ?? Number.POSITIVE_INFINITY;
    const oldestAtMs = Math.min(this.#deps.journal.state.oldestQueuedAtMs ?? inMemory, inMemory);
    return Number.isFinite(oldestAtMs) ? Math.max(0, monotonicMs() - oldestAtMs) : 0;
  }

  #admit(final: QueuedFinal): void {
    if (!this.#waiting.add(final)) {
      this.#settlement.lose(final, "memory-full");
      return;
    }
    if (final.sequence === undefined) this.#settlement.noteUnjournaled();
    this.#alarms.noteLength(this.#length, this.#config.maxQueueSize);
    if (this.#waiting.count >= this.#config.maxBatchSize) void this.#flush();
  }

  #tick(): void {
    // The alarm ends when the journal takes finals again and those that it could not take are written.
    const { isRefusing } = this.#deps.journal.state;
    this.#alarms.noteUnjournaled(isRefusing || this.#settlement.unjournaledCount > 0);
    this.#waiting.putBack(this.#parked.takeDue(monotonicMs()));
    // Where full batches go out faster than the timer ticks, the rest fills one soon: it need not go alone.
    const oldestAtMs = this.#waiting.oldest?.queuedAtMs ?? 0;
    const restFillsSoon =
      this.#hasFlushedSinceTick &&
      monotonicMs() - oldestAtMs < this.#config.flushIntervalMs * FRESH_SHARE;
    this.#hasFlushedSinceTick = false;
    if (restFillsSoon || !this.#waiting.hasMore) return;
    this.#waiting.markAllDue();
    void this.#flush();
  }

  /** Never rejects. One flush at a time: a second call joins the first. */
  #flush(): Promise<void> {
    this.#flushing ??= this.#writeWhatIsDue().finally(() => {
      this.#flushing = undefined;
    });
    return this.#flushing;
  }

  /** Takes, writes and settles, one batch after the other. Nothing else takes finals from the queue while this waits. */
  async #writeWhatIsDue(): Promise<void> {
    const { writer, metrics } = this.#deps;
    const isBatchDue = () => this.#waiting.isBatchDue(this.#config.maxBatchSize);
    while (isBatchDue() && !this.#retry.isWaiting(monotonicMs())) {
      try {
        const batches = this.#waiting.takeBatches(this.#config.maxBatchSize);
        metrics.tallies.flushes += batches.length;
        if (batches.length > 0) this.#hasFlushedSinceTick = true;
        const outcomes = await Promise.allSettled(
          batches.map(async (batch) =>
            this.#settlement.settle(batch, await writeIsolating(writer, batch)),
          ),
        );
        this.#judge(batches, outcomes);
      } catch (error) {
        // The journal could not be read: nothing was taken.
        this.#noteFailure(error, undefined);
      }
      this.#alarms.noteLength(this.#length, this.#config.maxQueueSize);
    }
  }

  /** Puts the batches back that the database did not take. */
  #judge(
    batches: readonly (readonly QueuedFinal[])[],
    outcomes: readonly PromiseSettledResult<void>[],
  ): void {
    const failed = batches.filter((_, index) => outcomes[index]?.status === "rejected");
    // The last one first, so that the oldest is at the front again.
    for (const batch of failed.toReversed()) this.#waiting.putBack(batch);
    this.#deps.metrics.tallies.flush_errors += failed.length;
    const failure = outcomes.find((outcome) => outcome.status === "rejected");
    if (failure !== undefined) {
      this.#noteFailure(failure.reason, failed[0]?.[0]?.speaker.sessionSlug);
      return;
    }
    this.#alarms.noteSuccess(this.#retry.failedAttempts);
    this.#retry.noteSuccess();
  }

  #noteFailure(error: unknown, call: string | undefined): void {
    this.#retry.noteFailure(monotonicMs());
    this.#alarms.noteFailure(error, call);
  }
}
