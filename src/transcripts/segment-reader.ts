import type { PrismaClient, TranscriptSegment } from "../database/generated/client.ts";
import { toStoreError } from "../database/store-error.ts";
import { assert } from "../kernel/assert.ts";
import type { StoredTranscript, Transcript, TranscriptSelection } from "../relay/ports.ts";

/** More keys of one look-up than any client misses while it is away, and few enough for one short statement. */
const KEYS_MAX = 500;

/** Finals of a session; `null` when there is no such session. Rejects with a `StoreError`. */
export async function readSegments(
  prisma: PrismaClient,
  sessionSlug: string,
  { limit, language }: TranscriptSelection,
): Promise<StoredTranscript | null> {
  try {
    const session = await prisma.videoSession.findUnique({
      where: { slug: sessionSlug },
      select: {
        segments: {
          // R2: other programs may keep partials in the same table.
          where: {
            isFinal: true,
            ...(language === undefined
              ? { translationOf: null }
              : { translationOf: { not: null }, language }),
          },
          orderBy: [{ startedAt: "asc" }, { id: "asc" }],
          // One more than asked for tells whether there are more.
          take: limit + 1,
          select: {
            utteranceId: true,
            translationOf: true,
            text: true,
            language: true,
            confidence: true,
            participant: { select: { identity: true, name: true } },
            startedAt: true,
            endedAt: true,
          },
        },
      },
    });
    if (session === null) return null;
    const segments = session.segments
      .slice(0, limit)
      .map(({ participant, translationOf, utteranceId, ...segment }) => ({
        ...segment,
        utteranceId: translationOf ?? utteranceId,
        speaker: participant,
      }));
    return { segments, hasMore: session.segments.length > limit };
  } catch (error) {
    throw toStoreError(error, "reading a transcript");
  }
}

/**
 * Stored finals by their own `utteranceId`, a translation's too. Those that are not stored, not yet or not in this session,
 * are absent. At most 500 ids. Rejects with a `StoreError`.
 */
export async function findFinals(
  prisma: PrismaClient,
  sessionSlug: string,
  utteranceIds: readonly string[],
): Promise<ReadonlyMap<string, Transcript>> {
  assert(
    utteranceIds.length <= KEYS_MAX,
    `expected at most ${KEYS_MAX} ids, got ${utteranceIds.length}`,
  );
  // PostgreSQL stores no NUL, and refuses a statement that asks for one.
  const storable = utteranceIds.filter((id) => !id.includes("\0"));
  if (storable.length === 0) return new Map();
  try {
    const session = await prisma.videoSession.findUnique({
      where: { slug: sessionSlug },
      select: {
        segments: {
          where: { utteranceId: { in: storable }, isFinal: true },
          select: {
            utteranceId: true,
            translationOf: true,
            text: true,
            language: true,
            confidence: true,
            startedAt: true,
            endedAt: true,
          },
        },
      },
    });
    return new Map(session?.segments.map((row) => [row.utteranceId, toTranscript(row)]));
  } catch (error) {
    throw toStoreError(error, "looking finals up");
  }
}

type TranscriptRow = Pick<
  TranscriptSegment,
  "utteranceId" | "translationOf" | "text" | "language" | "confidence" | "startedAt" | "endedAt"
>;

/** A row without an end is another program's; it ends where it begins. */
function toTranscript(row: TranscriptRow): Transcript {
  return {
    utteranceKey: row.utteranceId,
    translationOf: row.translationOf ?? undefined,
    text: row.text,
    isFinal: true,
    startedAt: row.startedAt,
    endedAt: row.endedAt ?? row.startedAt,
    language: row.language ?? undefined,
    confidence: row.confidence ?? undefined,
  };
}
