import { expect, test } from "bun:test";
import { openDatabase } from "../../../src/database/db.ts";
import { checkSegmentSchema } from "../../../src/transcripts/store/segment-schema.ts";
import { postgres, type TestDatabase } from "../../support/actors/databases/postgres.ts";

test("accepts tables that somebody else has made, whatever their record of migrations says", async () => {
  await using database = await postgres.createDatabase();
  await database.query("DROP TABLE _prisma_migrations");
  await database.query('ALTER TABLE "VideoSession" ADD COLUMN "roomColour" TEXT');
  expect(await problemOf(database)).toBeUndefined();
});

test.each([
  ["a table", 'DROP TABLE "TranscriptSegment"', "42P01"],
  ["a column", 'ALTER TABLE "TranscriptSegment" DROP COLUMN "confidence"', "42703"],
  [
    "a later build's column",
    'ALTER TABLE "TranscriptSegment" DROP COLUMN "translationOf"',
    "42703",
  ],
  ["a unique key", 'DROP INDEX "Participant_videoSessionId_identity_key"', "42P10"],
])("names %s that is missing, and the command that makes it", async (_what, sql, sqlState) => {
  await using database = await postgres.createDatabase();
  await database.query(sql);
  const problem = await problemOf(database);
  expect(problem).toContain(`SQLSTATE ${sqlState}`);
  expect(problem).toContain('run "stenogate migrate" first');
});

async function problemOf({ url }: TestDatabase): Promise<string | undefined> {
  const database = await openDatabase({ kind: "postgres", url, connectionsMax: 1 });
  try {
    await checkSegmentSchema(database.prisma);
    return undefined;
  } catch (error) {
    return String(error);
  } finally {
    await database.close();
  }
}
