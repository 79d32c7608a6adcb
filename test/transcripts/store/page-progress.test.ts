import { expect, test } from "bun:test";
import {
  TRANSCRIPT_START,
  type PageCursor,
  type TranscriptPlace,
} from "../../../src/relay/stored-transcript.ts";
import type { FinalRow, FinalRows } from "../../../src/transcripts/store/final-rows.ts";
import { advanceCursor, SETTLING_MS } from "../../../src/transcripts/store/page-progress.ts";
import { seededRandom } from "../../support/probes/seeded-random.ts";

const START: PageCursor = { place: TRANSCRIPT_START, settled: TRANSCRIPT_START };
const SETTLING_US = SETTLING_MS * 1000;

/** Where its segment is of no matter. */
function rowAt({ atUs, id }: TranscriptPlace): FinalRow {
  const at = new Date(atUs / 1000);
  const segment = {
    utteranceKey: id,
    text: "",
    language: null,
    confidence: null,
    speaker: null,
    startedAt: at,
    endedAt: null,
  };
  return { place: { atUs, id }, segment };
}

const place = (atUs: number, id = "a"): TranscriptPlace => ({ atUs, id });
const settledAt = (one: TranscriptPlace): PageCursor => ({ place: one, settled: one });
const page = (readAtUs: number, hasMore: boolean, ...places: TranscriptPlace[]): FinalRows => ({
  rows: places.map(rowAt),
  hasMore,
  readAtUs,
});

test("stays where it is while nothing comes", () => {
  expect(advanceCursor(START, page(0, false))).toEqual(START);
  const cursor = settledAt(place(5));
  expect(advanceCursor(cursor, page(0, false))).toEqual(cursor);
});

test("passes settled finals once and for all, at the end of the page and of the transcript", () => {
  const now = 10 * SETTLING_US;
  const last = place(now - SETTLING_US);
  for (const hasMore of [true, false]) {
    expect(advanceCursor(START, page(now, hasMore, place(1), last))).toEqual(settledAt(last));
  }
});

test("goes back to the last settled final at the end", () => {
  const now = 10 * SETTLING_US;
  const settled = place(now - SETTLING_US);
  const young = place(now - SETTLING_US + 1);
  expect(advanceCursor(START, page(now, false, settled, young))).toEqual(settledAt(settled));
  expect(advanceCursor(START, page(now, false, young))).toEqual(START);
});

test("goes on over unsettled finals while there are more, and then goes back", () => {
  const now = 10 * SETTLING_US;
  const [settled, young, younger, old] = [
    place(1),
    place(now - 2),
    place(now - 1),
    place(now, "b"),
  ] as const;
  const second = advanceCursor(START, page(now, true, settled, young));
  expect(second).toEqual({ place: young, settled });
  const third = advanceCursor(second, page(now, true, younger));
  expect(third).toEqual({ place: younger, settled });
  // However old they are by now: another one may have appeared between those that were passed.
  expect(advanceCursor(third, page(now + 2 * SETTLING_US, false, old))).toEqual(settledAt(settled));
});

/**
 * A table whose rows become visible later than their times say, up to the settling time, and a reader that polls it with pages
 * of any size, at any moment.
 */
test("[R2] a reader gets every final, whatever the order in which they become visible", () => {
  const random = seededRandom("late commits");
  for (let round = 0; round < 300; round += 1) {
    const rows = Array.from({ length: random.whole(0, 60) }, (_, index) => {
      const atUs = random.whole(0, 40) * 1_000_000;
      const visibleAtUs = atUs + random.pick([0, random.whole(0, SETTLING_US), SETTLING_US]);
      return { place: place(atUs, `${random.whole(0, 9)}-${index}`), visibleAtUs };
    }).toSorted((one, other) => compare(one.place, other.place));
    const read = (after: TranscriptPlace, limit: number, nowUs: number): FinalRows => {
      const visible = rows.filter(
        (row) => row.visibleAtUs <= nowUs && compare(row.place, after) > 0,
      );
      const places = visible.slice(0, limit).map((row) => row.place);
      return page(nowUs, visible.length > limit, ...places);
    };

    const seen = new Set<string>();
    let cursor = START;
    let nowUs = 0;
    while (nowUs <= 41_000_000 + SETTLING_US) {
      const found = read(cursor.place, random.whole(1, 20), nowUs);
      for (const row of found.rows) seen.add(row.place.id);
      cursor = advanceCursor(cursor, found);
      nowUs += found.hasMore ? random.whole(0, 200_000) : random.whole(0, 5_000_000);
    }
    // Everything is settled now: what is left comes page by page, and then nothing more.
    for (let pageCount = 0; ; pageCount += 1) {
      const found = read(cursor.place, 7, nowUs);
      for (const row of found.rows) seen.add(row.place.id);
      const next = advanceCursor(cursor, found);
      if (found.rows.length === 0 && Bun.deepEquals(next, cursor)) break;
      cursor = next;
      expect(pageCount).toBeLessThanOrEqual(2 * Math.ceil(rows.length / 7) + 1);
    }
    expect(seen.size).toBe(rows.length);
  }
});

function compare(one: TranscriptPlace, other: TranscriptPlace): number {
  return one.atUs - other.atUs || (one.id < other.id ? -1 : Number(one.id > other.id));
}
