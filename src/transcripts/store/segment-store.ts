/**
 * Writes finals to the database.
 *
 * R3: a batch is one statement over all sessions and participants in it. Where a session or a participant is new to this
 * process, one statement before it resolves all of them together. Nothing here waits or repeats on its own, except once when
 * a cached id turns out to be stale (R8): repetition is the batch queue's business, and harmless (R4).
 */
import type { PrismaClient } from "../../database/generated/client.ts";
import { FOREIGN_KEY_VIOLATION } from "../../database/sqlstate.ts";
import { toStoreError } from "../../database/store-error.ts";
import { toTextArray } from "../../database/text-array.ts";
import {
  SpeakerDirectory,
  speakerKey,
  type SessionPolicy,
  type SpeakerIds,
  type SpeakerNames,
} from "./segment-speakers.ts";

/** One final, with everything that is needed to write it on its own. */
export interface SegmentRow extends SpeakerNames {
  /** Unique within its session for ever (R4). */
  readonly utteranceKey: string;
  /** The key of the utterance that this translates; undefined for what was said itself. */
  readonly translationOf: string | undefined;
  readonly text: string;
  readonly language: string | undefined;
  readonly confidence: number | undefined;
  readonly startedAt: Date;
  readonly endedAt: Date;
}

export interface WriteOutcome {
  /** How many of the given rows the database holds now; a row that a later one of its key replaced counts too. */
  readonly written: number;
  /** Rows whose session does not exist, under the policy that it must. Nothing of them was written. */
  readonly unknownSessions: readonly SegmentRow[];
}

export interface SegmentStoreDeps {
  readonly prisma: PrismaClient;
}

export interface SegmentStoreOptions {
  readonly sessionPolicy: SessionPolicy;
  /** Speakers whose ids are remembered (R8). */
  readonly idsCachedMax: number;
}

/** Stateless but for the remembered ids; any number of `write`s may run at once. */
export class SegmentStore {
  readonly #prisma: PrismaClient;
  readonly #speakers: SpeakerDirectory;

  constructor(deps: SegmentStoreDeps, options: SegmentStoreOptions) {
    this.#prisma = deps.prisma;
    this.#speakers = new SpeakerDirectory(deps, options);
  }

  /**
   * Writes all rows, or none of them and rejects with a `StoreError`; rows of unknown sessions are left out and returned.
   *
   * A lost answer leaves open whether the rows are stored: write them again.
   */
  async write(rows: readonly SegmentRow[]): Promise<WriteOutcome> {
    try {
      return await this.#attempt(rows);
    } catch (error) {
      const failure = toStoreError(error, WRITING);
      if (failure.sqlState !== FOREIGN_KEY_VIOLATION) throw failure;
    }
    // R8: somebody deleted a session or a participant. Their new ids decide.
    this.#speakers.forget(rows);
    try {
      return await this.#attempt(rows);
    } catch (error) {
      throw toStoreError(error, WRITING);
    }
  }

  async #attempt(rows: readonly SegmentRow[]): Promise<WriteOutcome> {
    const speakers = await this.#speakers.resolve(rows);
    const segments = new Map<string, Segment>();
    const unknownSessions: SegmentRow[] = [];
    for (const row of rows) {
      const speaker = speakers.get(speakerKey(row));
      if (speaker === undefined) unknownSessions.push(row);
      // One statement cannot write a key twice: the later row wins (R4).
      else segments.set(`${speaker.videoSessionId} ${row.utteranceKey}`, { ...row, ...speaker });
    }
    if (segments.size > 0) {
      await upsert(this.#prisma, [...segments.values()].toSorted(byParticipant));
    }
    return { written: rows.length - unknownSessions.length, unknownSessions };
  }
}

const WRITING = "writing finals";

type Segment = SegmentRow & SpeakerIds;

/**
 * The server looks at the participant and the session of each row. Rows of one participant side by side cost it 10 % less
 * (1000 rows of 500 participants, PostgreSQL 18.4, 2026-11-23).
 */
function byParticipant(one: Segment, other: Segment): number {
  if (one.participantId === other.participantId) return 0;
  return one.participantId < other.participantId ? -1 : 1;
}

/**
 * R4: a later final of a key replaces text, language, confidence and end. The start stays: it is the segment's place among
 * the others, and no index has to change. A repetition writes nothing at all.
 */
async function upsert(prisma: PrismaClient, segments: readonly Segment[]): Promise<void> {
  await prisma.$executeRaw`
    INSERT INTO "TranscriptSegment" AS stored ("id", "videoSessionId", "participantId", "utteranceId",
      "translationOf", "text", "language", "confidence", "startedAt", "endedAt")
    SELECT * FROM unnest(
      ${toTextArray(segments.map(() => Bun.randomUUIDv7()))}::text[],
      ${toTextArray(segments.map((segment) => segment.videoSessionId))}::text[],
      ${toTextArray(segments.map((segment) => segment.participantId))}::text[],
      ${toTextArray(segments.map((segment) => segment.utteranceKey))}::text[],
      ${toTextArray(segments.map((segment) => segment.translationOf ?? null))}::text[],
      ${toTextArray(segments.map((segment) => segment.text))}::text[],
      ${toTextArray(segments.map((segment) => segment.language ?? null))}::text[],
      ${toTextArray(segments.map((segment) => segment.confidence ?? null))}::float8[],
      ${toTextArray(segments.map((segment) => toTimestamp(segment.startedAt)))}::timestamptz[],
      ${toTextArray(segments.map((segment) => toTimestamp(segment.endedAt)))}::timestamptz[]
    )
    ON CONFLICT ("videoSessionId", "utteranceId") DO UPDATE SET
      "text" = EXCLUDED."text", "language" = EXCLUDED."language",
      "confidence" = EXCLUDED."confidence", "endedAt" = EXCLUDED."endedAt"
    WHERE (stored."text", stored."language", stored."confidence", stored."endedAt") IS DISTINCT FROM
      (EXCLUDED."text", EXCLUDED."language", EXCLUDED."confidence", EXCLUDED."endedAt")`;
}

/**
 * NOTE: times travel as text, because the driver adapter formats a Date without its offset. An invalid one is left to the
 * server, which refuses it like any other bad value.
 */
function toTimestamp(time: Date): string {
  return Number.isNaN(time.getTime()) ? "invalid" : time.toISOString();
}
