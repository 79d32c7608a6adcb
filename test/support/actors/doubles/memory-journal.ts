import { JournalError } from "../../../../src/transcripts/journal/journal-error.ts";
import type {
  AppendListener,
  JournalEntry,
  JournalState,
} from "../../../../src/transcripts/journal/journal.ts";
import type { SegmentRow } from "../../../../src/transcripts/store/segment-store.ts";

/** Of each row; the tests count in rows. */
export const JOURNAL_ROW_BYTES = 100;

/** A journal that is lost with the test: what the batch queue needs of the real one, and no more. */
export class MemoryJournal {
  readonly entries = new Map<number, JournalEntry>();
  isRefusing = false;
  bytesMax = 1_000_000 * JOURNAL_ROW_BYTES;
  #sequence = 0;

  get state(): JournalState {
    const [oldest] = this.entries.values();
    return {
      rows: this.entries.size,
      bytes: this.entries.size * JOURNAL_ROW_BYTES,
      bytesMax: this.bytesMax,
      oldestQueuedAtMs: oldest?.queuedAtMs,
      isRefusing: this.isRefusing,
      lastProblem: this.isRefusing ? "the disk is full" : undefined,
      rowsDamaged: 0,
    };
  }

  append(row: SegmentRow, listener: AppendListener): void {
    if (this.isRefusing) {
      listener.onRefused(new JournalError("the disk is full"));
      return;
    }
    this.#sequence += 1;
    const entry = { sequence: this.#sequence, row, queuedAtMs: Date.now() };
    this.entries.set(entry.sequence, entry);
    listener.onKept(entry);
  }

  remove(sequences: readonly number[]): void {
    for (const sequence of sequences) this.entries.delete(sequence);
  }

  readAfter(sequence: number, limit: number): readonly JournalEntry[] {
    return [...this.entries.values()].filter((entry) => entry.sequence > sequence).slice(0, limit);
  }
}
