import type { PrismaClient } from "../database/generated/client.ts";
import { toStoreError } from "../database/store-error.ts";
import type { StoredTranscript, TranscriptSelection } from "../relay/ports.ts";

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
