/** The whole gateway, compiled, with code that fails on demand: no executable that leaves the house has it. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { loadSample } from "../../src/simulator/sample/sample.ts";
import { startSimulator, type Simulator } from "../../src/simulator/simulator.ts";
import { connectSpeaker } from "../support/actors/clients/speaker.ts";
import { postgres } from "../support/actors/databases/postgres.ts";
import { E2E_LIMIT_MS } from "../support/actors/processes/executable.ts";
import { spawnGateway, untilListening } from "../support/actors/processes/gateway-process.ts";
import { createGuardedFolder, type GuardedFolder } from "../support/probes/guarded-folder.ts";
import { until } from "../support/probes/until.ts";

const PROGRAM = join(import.meta.dir, "../support/actors/processes/failing-process.ts");

let folder: GuardedFolder;
let simulator: Simulator;

beforeAll(async () => {
  folder = await createGuardedFolder("stenogate-uncaught-");
  simulator = await startSimulator();
  const build = Bun.spawn(
    [process.execPath, "build", "--compile", "--minify", PROGRAM, "--outfile", "failing"],
    { cwd: folder.path, stdout: "ignore", stderr: "inherit" },
  );
  expect(await build.exited).toBe(0);
}, E2E_LIMIT_MS);

afterAll(async () => {
  await simulator.stop();
  await folder[Symbol.asyncDispose]();
});

test(
  "[R24] a rejection that nobody handles costs nothing; an exception drains: finals are stored, clients told, exit 1",
  async () => {
    await using database = await postgres.createDatabase();
    await database.query(`INSERT INTO "VideoSession" ("id", "slug") VALUES ('1', 'standup')`);
    await using gateway = await untilListening(
      spawnGateway(
        [join(folder.path, "failing"), "real"],
        { directory: folder.path },
        { DATABASE_URL: database.url, GLADIA_API_URL: simulator.url },
      ),
    );
    const { pcm, sentences } = await loadSample();
    const ada = await connectSpeaker(gateway.url, "standup", "ada");
    const speaking = ada.speak(pcm, 4);
    await until(() => ada.finals.length >= 1);
    gateway.tell("rejection");
    await until(() => gateway.log.includes("A promise was rejected and nobody waited for it"));
    const figures = await fetch(new URL("/metrics", gateway.url), {
      headers: { accept: "text/plain" },
    });
    expect(await figures.text()).toContain("\nstenogate_uncaught_errors_total 1\n");
    // Captions go on.
    await until(() => ada.finals.length >= 2);

    gateway.tell("exception");
    expect(await gateway.exited).toBe(1);
    await speaking;
    expect(await ada.closed).toBe(1012);
    expect(ada.messages).toContainEqual(expect.objectContaining({ state: "draining" }));
    expect(ada.messages.at(-1)).toMatchObject({ type: "error", code: "draining" });
    expect(gateway.log).toContain('"msg":"An error reached the edge of the process"');
    expect(gateway.log).toMatch(/"stack":"at /);
    const rows = await database.query<{ text: string }>(`SELECT "text" FROM "TranscriptSegment"`);
    expect(rows.map(({ text }) => text).toSorted()).toEqual(
      ada.finals.map(({ text }) => text).toSorted(),
    );
    for (const secret of ["the secret", ...sentences]) expect(gateway.log).not.toContain(secret);
  },
  E2E_LIMIT_MS,
);
