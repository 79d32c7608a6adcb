import type { SpeakerNames, Transcript } from "../relay/ports.ts";

/**
 * A final on its way to the database: the transcript as its speaker was shown it, with everything that is needed to write it
 * on its own. In the database it becomes a segment.
 */
export interface Final {
  readonly speaker: SpeakerNames;
  /** Never a partial (R2). */
  readonly transcript: Transcript;
}

/** A final that waits for the database. */
export interface QueuedFinal extends Final {
  /** Its number in the journal; undefined where the journal could not take it, so that it waits in memory alone. */
  readonly sequence: number | undefined;
  /** When it was accepted, by `monotonicMs`: what an earlier process accepted lies before this process's zero. */
  readonly queuedAtMs: number;
}

/** A final in the journal, and its number: later finals have higher ones. */
export interface JournaledFinal extends QueuedFinal {
  readonly sequence: number;
}

/** Writes finals in one statement, all of them or none. What it writes again changes nothing (R4). */
export interface FinalWriter {
  /** Rejects with an `AppError`: "row-refused" when one of them is bad, anything else when the whole batch has to wait. */
  write(finals: readonly Final[]): Promise<WriteOutcome>;
}

export interface WriteOutcome {
  /** Those of the given finals whose call does not exist, where it must. Nothing of them was written, all others were. */
  readonly unknownCalls: readonly Final[];
}
