/** The compiled executable, and a provider that goes away. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { loadSample, type Sample } from "../../src/simulator/sample/sample.ts";
import { startSimulator, type Simulator } from "../../src/simulator/simulator.ts";
import { connectSpeaker } from "../support/actors/clients/speaker.ts";
import { postgres, type TestDatabase } from "../support/actors/databases/postgres.ts";
import {
  E2E_LIMIT_MS,
  installExecutable,
  type Installation,
} from "../support/actors/processes/executable.ts";
import { startGateway } from "../support/actors/processes/gateway-process.ts";
import { until } from "../support/probes/until.ts";

let installation: Installation;
let sample: Sample;

beforeAll(async () => {
  installation = await installExecutable();
  sample = await loadSample();
}, E2E_LIMIT_MS);

afterAll(() => installation[Symbol.asyncDispose]());

test(
  "[R15] finals that nobody heard before a kill -9 are fetched and stored by the next start",
  async () => {
    await using database = await createDatabase();
    // Finals come long after the words, and a session without a client is over soon.
    await using simulator = await startSimulator({ finalDelayMs: 4000, resumeMs: 1000 });
    const settings = settingsFor(database, simulator, "kill");
    {
      await using gateway = await startGateway(installation, settings);
      const speaker = await connectSpeaker(gateway.url, "standup", "ada");
      await speaker.speak(sample.pcm, Infinity);
      await until(() => simulator.observe().at(-1)?.byteCount === sample.pcm.byteLength);
      expect(speaker.finals).toEqual([]);
      gateway.signal("SIGKILL");
      await gateway.exited;
    }
    await using gateway = await startGateway(installation, settings);
    await gateway.logged("Fetched the finals of sessions");
    gateway.signal("SIGTERM");
    expect(await gateway.exited).toBe(0);
    const rows = await database.query<{ text: string; name: string }>(`
      SELECT segment."text", participant."identity" AS name FROM "TranscriptSegment" segment
        JOIN "Participant" participant ON participant."id" = segment."participantId"
       ORDER BY segment."startedAt"`);
    expect(rows).toEqual(sample.sentences.map((text) => ({ text, name: "ada" })));
  },
  E2E_LIMIT_MS,
);

test(
  "[R11] sockets that the provider drops cost no word and double none",
  async () => {
    await using database = await createDatabase();
    await using simulator = await startSimulator();
    const settings = settingsFor(database, simulator, "drop");
    await using gateway = await startGateway(installation, settings);
    const speaker = await connectSpeaker(gateway.url, "standup", "ada");
    await until(() => speaker.messages.some(({ type }) => type === "ready"));
    const speaking = speaker.speak(sample.pcm, 3);
    const states = () =>
      speaker.messages.filter((message) => message.type === "status").map(({ state }) => state);
    const codes = [1011, 4500, 4403];
    for (const [losses, code] of codes.entries()) {
      await Bun.sleep(500);
      await until(() => states().length === 2 * losses);
      simulator.closeSockets(code);
    }
    await speaking;
    await until(() => states().length === 2 * codes.length);
    speaker.stop();
    expect(await speaker.closed).toBe(1000);
    expect(speaker.finals.map(({ text }) => text)).toEqual([...sample.sentences]);
    expect(states()).toEqual(codes.flatMap(() => ["reconnecting", "live"] as const));
  },
  E2E_LIMIT_MS,
);

test(
  "[R16] clients wait in line for the account's places, and are told where",
  async () => {
    await using database = await createDatabase();
    await using simulator = await startSimulator();
    const settings = { ...settingsFor(database, simulator, "line"), GLADIA_MAX_SESSIONS: "1" };
    await using gateway = await startGateway(installation, settings);
    const first = await connectSpeaker(gateway.url, "standup", "ada");
    const second = await connectSpeaker(gateway.url, "standup", "bob");
    await until(() => second.messages.length > 1);
    expect(second.messages.slice(1)).toEqual([
      { type: "status", seq: 1, state: "queued", position: 1 },
    ]);
    const third = await connectSpeaker(gateway.url, "standup", "eve");
    expect(await third.closed).toBe(1013);
    await second.speak(sample.pcm, 20);
    second.stop();
    first.stop();
    expect(await second.closed).toBe(1000);
    expect(second.finals.map(({ text }) => text)).toEqual([...sample.sentences]);
  },
  E2E_LIMIT_MS,
);

test(
  "[R17] translations that were asked for are sent, stored, and read back by language",
  async () => {
    await using database = await createDatabase();
    await using simulator = await startSimulator();
    const settings = settingsFor(database, simulator, "fr");
    await using gateway = await startGateway(installation, settings);
    const speaker = await connectSpeaker(gateway.url, "standup", "ada", { translate: "fr" });
    await speaker.speak(sample.pcm, 8);
    speaker.stop();
    expect(await speaker.closed).toBe(1000);
    const translated = sample.sentences.map((sentence) => `[fr] ${sentence}`);
    const told = speaker.messages.filter((message) => message.type === "translation");
    expect(told.map(({ text, language }) => [language, text])).toEqual(
      translated.map((text) => ["fr", text]),
    );
    expect(told.map(({ utterance_id }) => utterance_id)).toEqual(
      speaker.finals.map(({ utterance_id }) => utterance_id),
    );
    gateway.signal("SIGTERM");
    expect(await gateway.exited).toBe(0);
    const rows = await database.query<{ text: string }>(
      `SELECT "text" FROM "TranscriptSegment" WHERE "language" = 'fr' ORDER BY "startedAt"`,
    );
    expect(rows.map(({ text }) => text)).toEqual(translated);
  },
  E2E_LIMIT_MS,
);

/** Each test's gateway has a journal of its own. */
function settingsFor(database: TestDatabase, simulator: Simulator, folder: string) {
  return { DATABASE_URL: database.url, GLADIA_API_URL: simulator.url, DATA_DIR: folder };
}

async function createDatabase(): Promise<TestDatabase> {
  const database = await postgres.createDatabase();
  await database.query(`INSERT INTO "VideoSession" ("id", "slug") VALUES ('1', 'standup')`);
  return database;
}
