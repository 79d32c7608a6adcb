import type { StoreClient } from "../../database/store-client.ts";
import { StoreError, toStoreError } from "../../database/store-error.ts";

/**
 * Asks the database to plan what the store will run, which fails where a table, a column or a unique key is missing.
 *
 * It looks at the tables and not at the record of migrations, because the tables may be the application's own, with a
 * history of theirs. Rejects with a `StoreError` "schema-mismatch", or "database-unreachable" when it cannot tell.
 */
export async function checkSegmentSchema(prisma: StoreClient): Promise<void> {
  const { tables } = prisma;
  try {
    await prisma.$queryRaw`
      EXPLAIN INSERT INTO ${tables.videoSession} ("id", "slug") SELECT '', '' ON CONFLICT ("slug") DO NOTHING`;
    await prisma.$queryRaw`
      EXPLAIN INSERT INTO ${tables.participant} ("id", "videoSessionId", "identity", "name") SELECT '', '', '', ''
      ON CONFLICT ("videoSessionId", "identity") DO NOTHING`;
    await prisma.$queryRaw`
      EXPLAIN INSERT INTO ${tables.transcriptSegment} ("id", "videoSessionId", "participantId", "utteranceId",
        "translationOf", "text", "language", "confidence", "startedAt", "endedAt", "isFinal")
      SELECT '', '', '', '', '', '', '', 0, now(), now(), true
      ON CONFLICT ("videoSessionId", "utteranceId") DO NOTHING`;
  } catch (error) {
    const failure = toStoreError(error, "looking at the schema");
    if (failure.code !== "schema-mismatch") throw failure;
    const { sqlState, message } = failure;
    throw new StoreError("schema-mismatch", `${message}: run "stenogate migrate" first`, {
      sqlState,
    });
  }
}
