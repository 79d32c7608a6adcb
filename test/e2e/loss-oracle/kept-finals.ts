import type { TestDatabase } from "../../support/actors/databases/postgres.ts";
import { runExecutable, type Installation } from "../../support/actors/processes/executable.ts";
import type { PlacedFinal } from "./comparison.ts";

/** Every final that is stored, with whoever the row says it is of, in the order in which they were said. */
export async function readStoredFinals(database: TestDatabase): Promise<readonly PlacedFinal[]> {
  return database.query<PlacedFinal>(`
    SELECT 'database' AS "place", session."slug" AS "sessionSlug",
      coalesce(participant."identity", '(nobody)') AS "identity",
      segment."utteranceId" AS "utteranceKey", segment."text"
      FROM "TranscriptSegment" segment
      JOIN "VideoSession" session ON session."id" = segment."videoSessionId"
      LEFT JOIN "Participant" participant ON participant."id" = segment."participantId"
     ORDER BY segment."startedAt"`);
}

/** Every final that was set aside, as the command line tells an operator while the gateway runs. */
export async function readDeadLetters(
  installation: Installation,
  dataDirectory: string,
): Promise<readonly PlacedFinal[]> {
  const listing = await runExecutable(installation, ["dead-letters", "list", "--json"], {
    DATA_DIR: dataDirectory,
  });
  if (listing.exitCode !== 0) throw new Error(`dead-letters list failed: ${listing.stderr}`);
  return listing.stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      // The command's documented form.
      const { sessionSlug, identity, utteranceKey, text } = JSON.parse(line) as PlacedFinal;
      return { place: "dead-letters", sessionSlug, identity, utteranceKey, text };
    });
}
