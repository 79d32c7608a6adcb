import { Metrics } from "../../../src/observe/metrics.ts";
import type { Final } from "../../../src/transcripts/final.ts";
import {
  DEFAULT_BATCH_QUEUE_CONFIG,
  type BatchQueueConfig,
} from "../../../src/transcripts/queue/batch-queue-config.ts";
import { TranscriptBatchQueue } from "../../../src/transcripts/transcript-batch-queue.ts";
import { MemoryJournal } from "../actors/doubles/memory-journal.ts";
import { indexOf } from "../actors/doubles/numbered-finals.ts";
import { ScriptedWriter } from "../actors/doubles/scripted-writer.ts";
import { fakeTime, type FakeTime } from "../probes/fake-time.ts";
import { recordedLog, type RecordedLog } from "../probes/recorded-log.ts";

export interface DeadLetterNote {
  readonly index: number;
  readonly cause: string;
  readonly reason: string;
}

/** A running batch queue over a scripted writer and a journal in memory, in fake time. */
export class QueueStage implements Disposable {
  readonly time: FakeTime = fakeTime();
  readonly writer = new ScriptedWriter();
  readonly journal: MemoryJournal;
  readonly log: RecordedLog = recordedLog();
  readonly metrics = new Metrics();
  readonly deadLetters: DeadLetterNote[] = [];
  hasRoomForDeadLetters = true;
  /** What was reported about finals that are in memory alone, in order. */
  readonly unjournaled: boolean[] = [];
  /** Indices of the finals that may be shown, in the order in which that was told. */
  readonly shown: number[] = [];
  readonly queue: TranscriptBatchQueue;

  constructor(config: Partial<BatchQueueConfig> = {}, journal = new MemoryJournal()) {
    this.journal = journal;
    this.queue = new TranscriptBatchQueue(
      {
        writer: this.writer,
        journal,
        deadLetters: { add: (final, cause, reason) => this.#bury(final, cause, reason) },
        log: this.log,
        metrics: this.metrics,
      },
      { config: { ...DEFAULT_BATCH_QUEUE_CONFIG, ...config }, unknownSessionLimitMs: 60_000 },
    );
    this.queue.isUnjournaled.watch((isUnjournaled) => void this.unjournaled.push(isUnjournaled));
    this.queue.start();
  }

  enqueue(finals: readonly Final[]): void {
    for (const one of finals) this.queue.enqueue(one, () => void this.shown.push(indexOf(one)));
  }

  [Symbol.dispose](): void {
    this.queue.stopFlushTimer();
    this.time[Symbol.dispose]();
  }

  #bury(final: Final, cause: string, reason: string): boolean {
    if (this.hasRoomForDeadLetters) this.deadLetters.push({ index: indexOf(final), cause, reason });
    return this.hasRoomForDeadLetters;
  }
}
