import { toAppError, type AppError } from "../../kernel/errors.ts";
import type { SegmentRow, WriteOutcome } from "../store/segment-store.ts";

/** Writes rows in one statement. Rejects with an `AppError`: "row-refused" when a row is bad, else the whole batch waits. */
export interface SegmentWriter {
  write(rows: readonly SegmentRow[]): Promise<WriteOutcome>;
}

/** A row and when it was accepted, in milliseconds since the epoch. */
export interface QueuedRow {
  /** Its number in the journal; absent where the journal could not take it. */
  readonly sequence: number | undefined;
  readonly row: SegmentRow;
  readonly queuedAtMs: number;
}

export interface RefusedRow {
  readonly row: SegmentRow;
  readonly reason: AppError;
}

export interface BatchResult {
  readonly refused: readonly RefusedRow[];
  readonly unknownSessions: readonly SegmentRow[];
}

/**
 * Writes a batch and isolates bad rows: a batch with one is halved until the bad row stands alone (R5), so that its
 * neighbours are written. Costs about 2·log2(n) further statements for each bad row.
 *
 * Any other failure rejects. Halves that were written before it may be written again: writing is repeatable (R4).
 */
export async function writeIsolating(
  writer: SegmentWriter,
  rows: readonly SegmentRow[],
): Promise<BatchResult> {
  try {
    const { unknownSessions } = await writer.write(rows);
    return { refused: [], unknownSessions };
  } catch (error) {
    const failure = toAppError(error);
    if (failure.code !== "row-refused") throw failure;
    const [only] = rows;
    if (rows.length === 1 && only !== undefined) {
      return { refused: [{ row: only, reason: failure }], unknownSessions: [] };
    }
  }
  const middle = Math.ceil(rows.length / 2);
  const first = await writeIsolating(writer, rows.slice(0, middle));
  const second = await writeIsolating(writer, rows.slice(middle));
  return {
    refused: [...first.refused, ...second.refused],
    unknownSessions: [...first.unknownSessions, ...second.unknownSessions],
  };
}
