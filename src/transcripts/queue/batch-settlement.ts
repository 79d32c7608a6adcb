import type { Metrics } from "../../observe/metrics.ts";
import type { Final, QueuedFinal } from "../final.ts";
import type { Journal } from "../journal/journal.ts";
import type { BatchResult } from "./batch-writer.ts";
import type { GivenUpRows } from "./given-up-rows.ts";
import type { ParkedFinals } from "./parked-finals.ts";

export interface BatchSettlementDeps {
  readonly journal: Pick<Journal, "remove">;
  readonly metrics: Metrics;
  readonly parked: ParkedFinals;
  readonly givenUp: GivenUpRows;
}

/**
 * Does what the database's answer to a batch asks for: committed rows leave the journal, rows of unknown sessions are parked,
 * and those that waited too long or were refused go to the dead letters before they leave the journal.
 *
 * Returns how many rows that were in memory alone are there no longer.
 */
export function settleBatch(
  batch: readonly QueuedFinal[],
  result: BatchResult,
  { journal, metrics, parked, givenUp }: BatchSettlementDeps,
): number {
  const nowMs = Date.now();
  const reasons = new Map<Final, string>(
    result.refused.map(({ final, reason }) => [final, reason.message]),
  );
  const unknown = new Set(result.unknownCalls);
  const leaving: number[] = [];
  let unjournaledCount = 0;
  for (const queued of batch) {
    const { sequence, queuedAtMs } = queued;
    const reason = reasons.get(queued);
    if (unknown.has(queued) && parked.add(queued, nowMs)) continue;
    let isSettled = true;
    if (unknown.has(queued)) {
      isSettled = givenUp.bury(queued, "session-unknown", "its session stayed unknown");
    } else if (reason !== undefined) {
      isSettled = givenUp.bury(queued, "row-refused", reason);
    } else {
      metrics.observeCommit((nowMs - queuedAtMs) / 1000);
      metrics.tallies.segments_flushed += 1;
    }
    if (sequence === undefined) unjournaledCount += 1;
    else if (isSettled) leaving.push(sequence);
  }
  // The dead letters have what was buried: from here on a crash loses nothing of it.
  journal.remove(leaving);
  if (reasons.size > 0) metrics.tallies.flush_errors += 1;
  return unjournaledCount;
}
