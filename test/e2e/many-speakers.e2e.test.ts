/** Fifty people in five calls speak at once: the compiled executable, a real PostgreSQL, the simulator. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { loadSample } from "../../src/simulator/sample/sample.ts";
import { startSimulator, type Simulator } from "../../src/simulator/simulator.ts";
import { connectSpeaker, type Speaker } from "../support/actors/clients/speaker.ts";
import { postgres, type TestDatabase } from "../support/actors/databases/postgres.ts";
import {
  E2E_LIMIT_MS,
  installExecutable,
  runExecutable,
  type Installation,
} from "../support/actors/processes/executable.ts";
import { startGateway, type GatewayProcess } from "../support/actors/processes/gateway-process.ts";
import { until } from "../support/probes/until.ts";

const SESSIONS = ["alpha", "bravo", "charlie", "delta", "echo"];
const SPEAKERS_PER_SESSION = 10;
const SPEED = 4;
/** The gateway grants half as much again as real time, without end. */
const STEADY_SPEED = 1.5;

let installation: Installation;
let simulator: Simulator;
let pcm: Uint8Array;
let sentenceCount: number;

beforeAll(async () => {
  installation = await installExecutable();
  simulator = await startSimulator();
  const sample = await loadSample();
  ({ pcm } = sample);
  sentenceCount = sample.sentences.length;
}, E2E_LIMIT_MS);

afterAll(async () => {
  await simulator.stop();
  await installation[Symbol.asyncDispose]();
});

describe("fifty speakers in five sessions", () => {
  test(
    "[R3] [R4] [R20] every final of everyone is stored once, by few statements",
    async () => {
      await using database = await createMigratedDatabase();
      await using gateway = await startGateway(installation, {
        ...settingsFor(database),
        // However long the machine takes, most finals share their statement with others.
        BATCH_FLUSH_INTERVAL_MS: "1000",
      });
      const speakers = await connectAll(gateway);
      await Promise.all(speakers.map((speaker) => speaker.speak(pcm, SPEED)));
      for (const speaker of speakers) speaker.stop();
      const codes = await Promise.all(speakers.map((speaker) => speaker.closed));
      expect(new Set(codes)).toEqual(new Set([1000]));
      gateway.signal("SIGTERM");
      expect(await gateway.exited).toBe(0);

      const finals = finalsOf(speakers);
      expect(finals.length).toBe(speakers.length * sentenceCount);
      expect(await storedFinals(database)).toEqual(finals);
      const statements = await database.statementCount(
        '%INSERT INTO "public"."TranscriptSegment"%',
      );
      console.log(`${finals.length} finals, ${statements} statements wrote them`);
      expect(statements).toBeGreaterThan(0);
      expect(statements).toBeLessThanOrEqual(finals.length / 5);
      // One look-up for each batch that had somebody new in it.
      expect(await database.statementCount("WITH speaker%")).toBeLessThanOrEqual(statements);
    },
    E2E_LIMIT_MS,
  );

  test(
    "[R30] SIGTERM in the middle: every final that a client got is stored, exit 0",
    async () => {
      await using database = await createMigratedDatabase();
      await using gateway = await startGateway(installation, settingsFor(database));
      const speakers = await connectAll(gateway);
      const speaking = Promise.all(speakers.map(speakWithoutEnd));
      await until(() => finalsOf(speakers).length >= speakers.length);
      gateway.signal("SIGTERM");
      expect(await gateway.exited).toBe(0);
      await speaking;
      const codes = await Promise.all(speakers.map((speaker) => speaker.closed));
      expect(new Set(codes)).toEqual(new Set([1012]));

      const finals = finalsOf(speakers);
      expect(finals.length).toBeGreaterThanOrEqual(speakers.length);
      expect(await storedFinals(database)).toEqual(finals);
    },
    E2E_LIMIT_MS,
  );

  test(
    "[R30] a second SIGTERM ends the process at once, not with 0",
    async () => {
      await using database = await createMigratedDatabase();
      // The final of the sentence that the drain cuts off keeps it waiting.
      await using slow = await startSimulator({ finalDelayMs: 30_000 });
      await using gateway = await startGateway(installation, {
        ...settingsFor(database),
        GLADIA_API_URL: slow.url,
      });
      const speaker = await connectSpeaker(gateway.url, "alpha", "ada");
      await speaker.speak(pcm.subarray(0, 64_000), SPEED);
      gateway.signal("SIGTERM");
      await gateway.logged("Draining");
      gateway.signal("SIGTERM");
      expect(await gateway.exited).toBe(1);
    },
    E2E_LIMIT_MS,
  );
});

function settingsFor(database: TestDatabase) {
  return {
    DATABASE_URL: database.url,
    GLADIA_API_URL: simulator.url,
    // Nobody waits in line.
    GLADIA_MAX_SESSIONS: "100",
  };
}

/** Migrated by the executable itself; the application has created its sessions. */
async function createMigratedDatabase(): Promise<TestDatabase> {
  const database = await postgres.createDatabase({ migrated: false });
  const migrated = await runExecutable(installation, ["migrate"], { DATABASE_URL: database.url });
  expect(migrated).toMatchObject({ exitCode: 0, stderr: "" });
  for (const slug of SESSIONS) {
    await database.query('INSERT INTO "VideoSession" ("id", "slug") VALUES ($1, $2)', [slug, slug]);
  }
  return database;
}

async function connectAll(gateway: GatewayProcess): Promise<readonly Speaker[]> {
  const names = SESSIONS.flatMap((slug) =>
    Array.from({ length: SPEAKERS_PER_SESSION }, (_, index) => [slug, `person-${index}`] as const),
  );
  return Promise.all(names.map(([slug, identity]) => connectSpeaker(gateway.url, slug, identity)));
}

/** Repeats the sample, no faster than a gateway takes it for good, until the socket is closed. */
async function speakWithoutEnd(speaker: Speaker): Promise<void> {
  const gone = new AbortController();
  void speaker.closed.then(() => gone.abort());
  while (!gone.signal.aborted) {
    await speaker.speak(pcm, STEADY_SPEED);
    // A socket that is closing makes `speak` return at once: its close event needs a turn to come.
    await Bun.sleep(0);
  }
}

/** What each client was shown as final: whose, which, and the words. Sorted, to be compared as a whole. */
function finalsOf(speakers: readonly Speaker[]): readonly string[] {
  return speakers
    .flatMap(({ sessionSlug, identity, finals }) =>
      finals.map(({ utterance_id, text }) => `${sessionSlug} ${identity} ${utterance_id} ${text}`),
    )
    .toSorted();
}

/** What the database holds, in the same form. A row that stands twice makes the lists differ. */
async function storedFinals(database: TestDatabase): Promise<readonly string[]> {
  const rows = await database.query<{ line: string }>(`
    SELECT concat_ws(' ', session."slug", participant."identity", segment."utteranceId", segment."text") AS line
      FROM "TranscriptSegment" segment
      JOIN "VideoSession" session ON session."id" = segment."videoSessionId"
      JOIN "Participant" participant ON participant."id" = segment."participantId"`);
  return rows.map(({ line }) => line).toSorted();
}
