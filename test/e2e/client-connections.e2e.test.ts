/** The compiled executable, and clients whose network is hostile, or who do not read. `loss-oracle.ts` has more of them. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { startSimulator } from "../../src/simulator/simulator.ts";
import { drawFrom } from "../speech/chaos/draw.ts";
import { createSpeech } from "../speech/chaos/speech.ts";
import { ResumingSpeaker } from "../support/actors/clients/resuming-speaker.ts";
import { finalsOf } from "../support/actors/clients/speaker.ts";
import type { PostgresServer } from "../support/actors/databases/postgres-server.ts";
import { createDatabaseOn, startPreparedServer } from "../support/actors/databases/postgres.ts";
import {
  CALM,
  startHostileNetwork,
  type Course,
} from "../support/actors/networks/hostile-network.ts";
import { installExecutable, type Installation } from "../support/actors/processes/executable.ts";
import { until } from "../support/probes/until.ts";
import { clientAway, clientChaos } from "./loss-oracle/client-scenarios.ts";
import { judgeClient } from "./loss-oracle/client-verdict.ts";
import { readStoredFinals } from "./loss-oracle/kept-finals.ts";
import { RevivableGateway } from "./loss-oracle/revivable-gateway.ts";
import { PACE } from "./loss-oracle/roaming-crowd.ts";
import { runScenario } from "./loss-oracle/scenario.ts";

/** The same weather in every run: whoever looks for a storm that has not been seen runs the loss oracle. */
const SEED = 20_261_123;
const LIMIT_MS = 180_000;

let installation: Installation;
let server: PostgresServer;

beforeAll(async () => {
  [installation, server] = await Promise.all([installExecutable(), startPreparedServer()]);
}, 60_000);

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await installation[Symbol.asyncDispose]();
});

test.concurrent.each([
  [
    "[R21] clients of a hostile network say everything once and are shown everything once",
    clientChaos(20, { utterances: 16, faults: 4 }),
  ],
  [
    "[R21] clients who stay away for too long begin anew, and what they were shown is kept",
    clientAway(6, { utterances: 12, faults: 1 }),
  ],
] as const)(
  "%s",
  async (_name, scenario) => {
    const outcome = await runScenario(
      scenario,
      { installation, server },
      { clients: 0, seed: SEED, sync: "normal" },
    );
    console.log(`${scenario.name}: ${JSON.stringify(outcome.facts)}`);
    expect(outcome.problems, outcome.log).toEqual([]);
  },
  LIMIT_MS,
);

/** One of them is more than the gateway holds to be sent again; with their translations, four are more than it leaves unread. */
const FINAL_LENGTH = 66_000;
const UTTERANCES = 30;
/** All of it fits into the burst that a session may send. */
const SPEED = 6;

/** Reading stops after the first captions. Once it is released, what was not read is lost. */
const STALL = { kind: "stall", directions: ["down"], forMs: 3_600_000 } as const;
const STOPS_READING: Course = {
  ...CALM,
  fault: STALL,
  strikesAfter: { direction: "down", bytes: 2000 },
};
const READS_ON: Course = { ...STOPS_READING, fault: { ...STALL, goesOn: true } };

const CUT_OFF: readonly Course[] = [700_000, 1_500_000, 400_000].map((bytes) => ({
  ...CALM,
  fault: { kind: "truncate" },
  strikesAfter: { direction: "down", bytes },
}));

test.concurrent.each([
  ["loses all that it has not read", "loses", [STOPS_READING]],
  ["reads on", "reads", [READS_ON]],
  ["is cut off time and again while it is sent the rest", "cut-off", [STOPS_READING, ...CUT_OFF]],
] as const)(
  "[R22] a reader that is too slow is sent away; it %s, and comes back for all its finals",
  async (_story, folder, courses) => {
    await using database = await createDatabaseOn(server);
    await database.query(`INSERT INTO "VideoSession" ("id", "slug") VALUES ('1', 'standup')`);
    await using simulator = await startSimulator({
      finalLengthMin: FINAL_LENGTH,
      recordAudio: true,
    });
    await using gateway = new RevivableGateway(installation, {
      DATABASE_URL: database.url,
      GLADIA_API_URL: simulator.url,
      DATA_DIR: folder,
    });
    await gateway.start();
    await using network = await startHostileNetwork(gateway.url, (index) => courses[index] ?? CALM);
    const speech = createSpeech(drawFrom(SEED), UTTERANCES, PACE);
    const speaker = new ResumingSpeaker(
      { url: network.url, random: Math.random },
      {
        participant: { sessionSlug: "standup", identity: "ada" },
        speech: speech.audio,
        speed: SPEED,
        query: { translate: "fr" },
        // It hears nothing for as long as it does not read, and is no less there for that.
        quietMs: 3_600_000,
      },
    );
    const speaking = speaker.speak();
    await until(() => network.struck.length > 0);
    // Whoever does not read does not hear that it is sent away.
    while ((await gateway.figures()).activeConnections > 0) await Bun.sleep(20);
    network.release();
    await speaking;
    await gateway.drained();
    const stored = await readStoredFinals(database);
    const verdict = judgeClient({
      speech,
      sessions: speaker.sessions,
      stored: stored.filter(({ text }) => !text.startsWith("[fr]")),
      heard: (id) => simulator.received(id),
    });
    expect(verdict.problems).toEqual([]);
    expect(verdict.utterances).toBeGreaterThanOrEqual(UTTERANCES);
    expect(speaker.sessions).toHaveLength(1);
    expect(network.struck).toHaveLength(courses.length);
    expect(verdict.resumes).toBeGreaterThanOrEqual(courses.length);
    const messages = speaker.sessions.flatMap(({ connections }) =>
      connections.flatMap((connection) => connection.messages),
    );
    const translations = messages.filter((message) => message.type === "translation");
    expect(keysOf(translations)).toEqual(keysOf(finalsOf(messages)));
  },
  LIMIT_MS,
);

/** Sorted: a translation may come later than the next final. */
function keysOf(messages: readonly { readonly utterance_id: string }[]): readonly string[] {
  return messages.map((message) => message.utterance_id).toSorted();
}
