import type { QueuedRow } from "./batch-writer.ts";
import type { WaitingRows } from "./waiting-rows.ts";

/** Rows of one statement while a backlog is worked off: beyond it a statement gains nothing and holds locks longer. */
const BACKLOG_BATCH_SIZE = 1000;

/** A backlog is more than this many full batches. */
const BACKLOG_BATCHES = 4;

/**
 * Takes what is to be written next: one batch, or two large ones to be written at once while a backlog is worked off, because
 * then one is being put into parameters while the server writes the other.
 */
export function takeBatches(
  waiting: WaitingRows,
  maxBatchSize: number,
): readonly (readonly QueuedRow[])[] {
  const isBacklog = waiting.count > BACKLOG_BATCHES * maxBatchSize;
  if (!isBacklog) return nonEmpty(waiting.take(maxBatchSize));
  const size = Math.max(BACKLOG_BATCH_SIZE, maxBatchSize);
  const first = waiting.take(size);
  const second = waiting.take(size);
  if (!sharesKey(first, second)) return nonEmpty(first, second);
  // R4: of two finals of one key the later one stays, so that they are not written at once.
  waiting.putBack(second);
  return nonEmpty(first);
}

/** Whether a row of one batch would replace a row of the other. */
function sharesKey(first: readonly QueuedRow[], second: readonly QueuedRow[]): boolean {
  const keys = new Set(first.map(({ row }) => `${row.sessionSlug} ${row.utteranceKey}`));
  return second.some(({ row }) => keys.has(`${row.sessionSlug} ${row.utteranceKey}`));
}

function nonEmpty(...batches: readonly (readonly QueuedRow[])[]) {
  return batches.filter((batch) => batch.length > 0);
}
