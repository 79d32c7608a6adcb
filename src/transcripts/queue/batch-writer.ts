import { toAppError, type AppError } from "../../kernel/errors.ts";
import type { Final, FinalWriter, WriteOutcome } from "../final.ts";

export interface RefusedFinal {
  readonly final: Final;
  readonly reason: AppError;
}

/** What became of a batch: what is named in neither list is committed. */
export interface BatchResult extends WriteOutcome {
  readonly refused: readonly RefusedFinal[];
}

/**
 * Writes a batch and isolates bad finals: a batch with one is halved until the bad one stands alone (R5), so that its
 * neighbours are written. Costs about 2·log2(n) further statements for each bad final.
 *
 * Any other failure rejects. Halves that were written before it may be written again: writing is repeatable (R4).
 */
export async function writeIsolating(
  writer: FinalWriter,
  finals: readonly Final[],
): Promise<BatchResult> {
  try {
    const { unknownCalls } = await writer.write(finals);
    return { refused: [], unknownCalls };
  } catch (error) {
    const failure = toAppError(error);
    if (failure.code !== "row-refused") throw failure;
    const [only] = finals;
    if (finals.length === 1 && only !== undefined) {
      return { refused: [{ final: only, reason: failure }], unknownCalls: [] };
    }
  }
  const middle = Math.ceil(finals.length / 2);
  const first = await writeIsolating(writer, finals.slice(0, middle));
  const second = await writeIsolating(writer, finals.slice(middle));
  return {
    refused: [...first.refused, ...second.refused],
    unknownCalls: [...first.unknownCalls, ...second.unknownCalls],
  };
}
