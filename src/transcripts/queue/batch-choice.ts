import type { QueuedFinal } from "../final.ts";
import type { WaitingFinals } from "./waiting-finals.ts";

/** Rows of one statement while a backlog is worked off: beyond it a statement gains nothing and holds locks longer. */
export const BACKLOG_BATCH_ROWS = 2000;

/**
 * Statements at once while a backlog is worked off: one is being put into parameters while the server writes the others. Of the
 * five connections this leaves three to readers.
 */
export const BACKLOG_STATEMENTS = 2;

/** A backlog is more than this many full batches. */
const BACKLOG_BATCHES = 4;

/** Takes what is to be written next: one batch, or several large ones to be written at once while a backlog is worked off. */
export function takeBatches(
  waiting: WaitingFinals,
  maxBatchSize: number,
): readonly (readonly QueuedFinal[])[] {
  if (waiting.count <= BACKLOG_BATCHES * maxBatchSize) {
    return waiting.count === 0 ? [] : [waiting.take(maxBatchSize)];
  }
  const rows = Math.max(BACKLOG_BATCH_ROWS, maxBatchSize);
  const batches: (readonly QueuedFinal[])[] = [];
  const taken = new Set<string>();
  while (batches.length < BACKLOG_STATEMENTS && waiting.count > 0) {
    const batch = waiting.take(rows);
    const keys = batch.map(
      ({ speaker, transcript }) => `${speaker.sessionSlug} ${transcript.utteranceKey}`,
    );
    if (keys.some((key) => taken.has(key))) {
      // R4: of two finals of one key the later one stays, so that they are not written at once.
      waiting.putBack(batch);
      break;
    }
    for (const key of keys) taken.add(key);
    batches.push(batch);
  }
  return batches;
}
