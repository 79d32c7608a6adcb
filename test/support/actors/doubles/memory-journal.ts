import { monotonicMs } from "../../../../src/kernel/timers.ts";
import type { Final, JournaledFinal } from "../../../../src/transcripts/final.ts";
import type { AppendListener } from "../../../../src/transcripts/journal/addition.ts";
import { JournalError } from "../../../../src/transcripts/journal/journal-error.ts";
import type { JournalState } from "../../../../src/transcripts/journal/journal.ts";

/** Of each final; the tests count in finals. */
export const JOURNALED_BYTES = 100;

/** A journal that is lost with the test: what the batch queue needs of the real one, and no more. */
export class MemoryJournal {
  readonly finals = new Map<number, JournaledFinal>();
  isRefusing = false;
  bytesMax = 1_000_000 * JOURNALED_BYTES;
  #sequence = 0;

  get state(): JournalState {
    const [oldest] = this.finals.values();
    return {
      rows: this.finals.size,
      bytes: this.finals.size * JOURNALED_BYTES,
      bytesMax: this.bytesMax,
      oldestQueuedAtMs: oldest?.queuedAtMs,
      isRefusing: this.isRefusing,
      lastProblem: this.isRefusing ? "the disk is full" : undefined,
      rowsDamaged: 0,
    };
  }

  append(final: Final, listener: AppendListener): void {
    if (this.isRefusing) {
      listener.onRefused(new JournalError("the disk is full"));
      return;
    }
    this.#sequence += 1;
    const journaled = { ...final, sequence: this.#sequence, queuedAtMs: monotonicMs() };
    this.finals.set(journaled.sequence, journaled);
    listener.onKept(journaled);
  }

  remove(sequences: readonly number[]): void {
    for (const sequence of sequences) this.finals.delete(sequence);
  }

  readAfter(sequence: number, limit: number): readonly JournaledFinal[] {
    return [...this.finals.values()].filter((one) => one.sequence > sequence).slice(0, limit);
  }
}
