import type { PageCursor, TranscriptPlace } from "../../relay/stored-transcript.ts";
import type { FinalRows } from "./final-rows.ts";

/**
 * A final may become visible this long after the time by which it is ordered: that is when its statement began, a statement
 * takes 5 s at most (`database/db.ts`), and its commit as long again at the worst.
 */
export const SETTLING_MS = 10_000;

/**
 * Where a reader goes on after a page.
 *
 * Finals older than `SETTLING_MS` are settled: no other one can appear before them, and a page of them is never read again.
 * Younger ones are passed too while there are more; but at the end the reader goes back to the last one that was settled when
 * it was read, so that what is committed late is found by the next round. Nothing new leaves the cursor as it is.
 */
export function advanceCursor(from: PageCursor, page: FinalRows): PageCursor {
  const places = page.rows.map(({ place }) => place);
  const settledUntilUs = page.readAtUs - SETTLING_MS * 1000;
  // Behind unsettled finals that were passed, nothing counts as settled: something may be missing between.
  const isSettledSoFar = isSamePlace(from.place, from.settled);
  const settledHere = isSettledSoFar
    ? places.findLast(({ atUs }) => atUs <= settledUntilUs)
    : undefined;
  const settled = settledHere ?? from.settled;
  return { place: page.hasMore ? (places.at(-1) ?? from.place) : settled, settled };
}

function isSamePlace(one: TranscriptPlace, other: TranscriptPlace): boolean {
  return one.atUs === other.atUs && one.id === other.id;
}
