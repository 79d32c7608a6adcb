import type { StoreClient, Tables } from "../../database/store-client.ts";
import type { TranslationCode } from "../../relay/recognition/language-codes.ts";
import type { StoredSegment, TranscriptPlace } from "../../relay/stored-transcript.ts";

/** A final, and where it stands. */
export interface FinalRow {
  readonly place: TranscriptPlace;
  readonly segment: StoredSegment;
}

export interface FinalRows {
  readonly rows: readonly FinalRow[];
  /** True when finals stand behind these. */
  readonly hasMore: boolean;
  /** The database's clock, not after the moment that decided which finals were visible. */
  readonly readAtUs: number;
}

export interface FinalSelection {
  readonly limit: number;
  readonly language: TranslationCode | undefined;
  /** The first final read is the first one behind it. */
  readonly after: TranscriptPlace;
}

/** The column that orders finals: "startedAt" as they were said, "createdAt" as they were stored. */
export type FinalOrder = "startedAt" | "createdAt";

/** Finals of one call, from one place on. What the database throws goes through untranslated. */
export async function selectFinals(
  prisma: StoreClient,
  videoSessionId: string,
  order: FinalOrder,
  { limit, language, after }: FinalSelection,
): Promise<FinalRows> {
  const found = await prisma.$queryRawUnsafe<SelectedRow[]>(
    selectBy(order, prisma.tables),
    videoSessionId,
    after.atUs,
    after.id,
    language ?? null,
    // One more than asked for tells whether there are more.
    limit + 1,
  );
  return {
    rows: found.slice(0, limit).map(toFinalRow),
    hasMore: found.length > limit,
    readAtUs: found[0]?.readAtUs ?? 0,
  };
}

interface SelectedRow extends Omit<StoredSegment, "speaker"> {
  readonly id: string;
  readonly atUs: number;
  readonly readAtUs: number;
  readonly identity: string | null;
  readonly name: string | null;
}

function toFinalRow({ id, atUs, identity, name, ...row }: SelectedRow): FinalRow {
  const { utteranceKey, text, language, confidence, startedAt, endedAt } = row;
  const speaker = identity === null || name === null ? null : { identity, name };
  const segment = { utteranceKey, text, language, confidence, speaker, startedAt, endedAt };
  return { place: { atUs, id }, segment };
}

/**
 * R2: other programs may keep partials in the same table. A translation goes by the key of what it translates.
 *
 * NOTE: microseconds stay whole numbers in a float8 up to the year 2255, and are added to the epoch without rounding.
 */
function selectBy(column: FinalOrder, tables: Tables): string {
  return `
    SELECT segment."id",
      (extract(epoch FROM segment."${column}") * 1000000)::float8 AS "atUs",
      (extract(epoch FROM now()) * 1000000)::float8 AS "readAtUs",
      coalesce(segment."translationOf", segment."utteranceId") AS "utteranceKey",
      segment."text", segment."language", segment."confidence", segment."startedAt", segment."endedAt",
      participant."identity", participant."name"
    FROM ${tables.transcriptSegment.sql} AS segment
    LEFT JOIN ${tables.participant.sql} AS participant ON participant."id" = segment."participantId"
    WHERE segment."videoSessionId" = $1 AND segment."isFinal"
      AND (segment."${column}", segment."id")
        > (timestamptz 'epoch' + $2::float8 * interval '1 microsecond', $3::text)
      AND CASE WHEN $4::text IS NULL THEN segment."translationOf" IS NULL
        ELSE segment."translationOf" IS NOT NULL AND segment."language" = $4::text END
    ORDER BY segment."${column}", segment."id"
    LIMIT $5::int`;
}
