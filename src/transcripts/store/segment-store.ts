/**
 * Writes finals to the database.
 *
 * R3: a batch is one statement over all calls and participants in it. Where a call or a participant is new to this process,
 * one statement before it resolves all of them together. Nothing here waits or repeats on its own, except once when a cached
 * id turns out to be stale (R8): repetition is the batch queue's business, and harmless (R4).
 */
import { FOREIGN_KEY_VIOLATION } from "../../database/sqlstate.ts";
import type { StoreClient } from "../../database/store-client.ts";
import { toStoreError } from "../../database/store-error.ts";
import { toTextArray } from "../../database/text-array.ts";
import type { SpeakerNames, Transcript } from "../../relay/ports.ts";
import type { Final, WriteOutcome } from "../final.ts";
import {
  SpeakerDirectory,
  speakerKey,
  type SessionPolicy,
  type SpeakerIds,
} from "./segment-speakers.ts";

export interface SegmentStoreDeps {
  readonly prisma: StoreClient;
}

export interface SegmentStoreOptions {
  readonly sessionPolicy: SessionPolicy;
  /** Speakers whose ids are remembered (R8). */
  readonly idsCachedMax: number;
}

/** Stateless but for the remembered ids; any number of `write`s may run at once. */
export class SegmentStore {
  readonly #prisma: StoreClient;
  readonly #speakers: SpeakerDirectory;

  constructor(deps: SegmentStoreDeps, options: SegmentStoreOptions) {
    this.#prisma = deps.prisma;
    this.#speakers = new SpeakerDirectory(deps, options);
  }

  /**
   * Writes all finals, or none of them and rejects with a `StoreError`; those of unknown calls are not written, and returned.
   *
   * A lost answer leaves open whether they are stored: write them again.
   */
  async write(finals: readonly Final[]): Promise<WriteOutcome> {
    const speakers = finals.map(({ speaker }) => speaker);
    try {
      return await this.#attempt(finals, speakers);
    } catch (error) {
      const failure = toStoreError(error, WRITING);
      if (failure.sqlState !== FOREIGN_KEY_VIOLATION) throw failure;
    }
    // R8: somebody deleted a call or a participant. Their new ids decide.
    this.#speakers.forget(speakers);
    try {
      return await this.#attempt(finals, speakers);
    } catch (error) {
      throw toStoreError(error, WRITING);
    }
  }

  async #attempt(
    finals: readonly Final[],
    speakers: readonly SpeakerNames[],
  ): Promise<WriteOutcome> {
    const idsByKey = await this.#speakers.resolve(speakers);
    const segments = new Map<string, Segment>();
    const unknownCalls: Final[] = [];
    for (const final of finals) {
      const { speaker, transcript } = final;
      const ids = idsByKey.get(speakerKey(speaker));
      if (ids === undefined) unknownCalls.push(final);
      // One statement cannot write a key twice: the later final wins (R4).
      else segments.set(`${ids.videoSessionId} ${transcript.utteranceKey}`, { ids, transcript });
    }
    if (segments.size > 0) {
      await upsert(this.#prisma, [...segments.values()].toSorted(byParticipant));
    }
    return { unknownCalls };
  }
}

const WRITING = "writing finals";

/** A final as it is stored: with the database's ids in place of the speaker's names. */
interface Segment {
  readonly ids: SpeakerIds;
  readonly transcript: Transcript;
}

/**
 * The server looks at the participant and the call of each row. Rows of one participant side by side cost it 10 % less
 * (1000 rows of 500 participants, PostgreSQL 18.4, 2026-11-23).
 */
function byParticipant({ ids: one }: Segment, { ids: other }: Segment): number {
  if (one.participantId === other.participantId) return 0;
  return one.participantId < other.participantId ? -1 : 1;
}

/**
 * R4: a later final of a key replaces text, language, confidence and end. The start stays: it is the segment's place among
 * the others, and no index has to change. A repetition writes nothing at all.
 */
async function upsert(prisma: StoreClient, segments: readonly Segment[]): Promise<void> {
  const transcripts = segments.map(({ transcript }) => transcript);
  await prisma.$executeRaw`
    INSERT INTO ${prisma.tables.transcriptSegment} AS stored ("id", "videoSessionId", "participantId", "utteranceId",
      "translationOf", "text", "language", "confidence", "startedAt", "endedAt")
    SELECT * FROM unnest(
      ${toTextArray(segments.map(() => Bun.randomUUIDv7()))}::text[],
      ${toTextArray(segments.map(({ ids }) => ids.videoSessionId))}::text[],
      ${toTextArray(segments.map(({ ids }) => ids.participantId))}::text[],
      ${toTextArray(transcripts.map((transcript) => transcript.utteranceKey))}::text[],
      ${toTextArray(transcripts.map((transcript) => transcript.translationOf ?? null))}::text[],
      ${toTextArray(transcripts.map((transcript) => transcript.text))}::text[],
      ${toTextArray(transcripts.map((transcript) => transcript.language ?? null))}::text[],
      ${toTextArray(transcripts.map((transcript) => transcript.confidence ?? null))}::float8[],
      ${toTextArray(transcripts.map((transcript) => toTimestamp(transcript.startedAt)))}::timestamptz[],
      ${toTextArray(transcripts.map((transcript) => toTimestamp(transcript.endedAt)))}::timestamptz[]
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
