/** What an operator does beside a running gateway: the compiled executable and a real PostgreSQL. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { loadSample } from "../../src/simulator/sample/sample.ts";
import { startSimulator, type Simulator } from "../../src/simulator/simulator.ts";
import { connectSpeaker } from "../support/actors/clients/speaker.ts";
import { postgres } from "../support/actors/databases/postgres.ts";
import {
  E2E_LIMIT_MS,
  installExecutable,
  runExecutable,
  type Installation,
} from "../support/actors/processes/executable.ts";
import { startGateway } from "../support/actors/processes/gateway-process.ts";
import { parseWebVtt } from "../support/probes/webvtt.ts";

let installation: Installation;
let simulator: Simulator;

beforeAll(async () => {
  installation = await installExecutable();
  simulator = await startSimulator();
}, E2E_LIMIT_MS);

afterAll(async () => {
  await simulator.stop();
  await installation[Symbol.asyncDispose]();
});

test(
  "[R5] finals of an unknown call are set aside, listed, written again on demand, or dropped",
  async () => {
    await using database = await postgres.createDatabase();
    const settings = {
      DATABASE_URL: database.url,
      GLADIA_API_URL: simulator.url,
      UNKNOWN_SESSION_LIMIT_MS: "0",
      DATA_DIR: join(installation.directory, "dead"),
    };
    const deadLetters = (...args: string[]) =>
      runExecutable(installation, ["dead-letters", ...args], settings);
    await using gateway = await startGateway(installation, settings);
    const { pcm, sentences } = await loadSample();
    const speaker = await connectSpeaker(gateway.url, "late", "ada");
    await speaker.speak(pcm, 8);
    speaker.stop();
    expect(await speaker.closed).toBe(1000);
    await gateway.logged("A final went to the dead letters", sentences.length);

    const listed = await deadLetters("list");
    expect(listed.stdout).toContain("late ada  session-unknown: its call stayed unknown");
    expect(listed.stdout).toContain(`${sentences.length} dead letters`);
    expect(listed.stdout).not.toContain(sentences[0]!);
    const letters = (await deadLetters("list", "--json")).stdout.trim().split("\n");
    expect(letters.map((line) => JSON.parse(line).text)).toEqual([...sentences]);

    expect((await deadLetters("retry")).stdout).toBe(`0 written, ${sentences.length} stay\n`);
    await database.query(`INSERT INTO "VideoSession" ("id", "slug") VALUES ('1', 'late')`);
    const { id } = JSON.parse(letters[0]!);
    expect((await deadLetters("drop")).exitCode).toBe(64);
    expect((await deadLetters("drop", "--id", String(id))).stdout).toBe("1 dropped\n");
    expect((await deadLetters("retry")).stdout).toBe("4 written, 0 stay\n");
    const rows = await database.query<{ text: string }>(
      'SELECT "text" FROM "TranscriptSegment" ORDER BY "startedAt"',
    );
    expect(rows.map(({ text }) => text)).toEqual(sentences.slice(1));
    expect((await deadLetters("list")).stdout).toBe("0 dead letters\n");
  },
  E2E_LIMIT_MS,
);

test(
  "[R7] SIGHUP reads the batch settings again; a wrong file changes nothing",
  async () => {
    const path = join(installation.directory, "batch.env");
    const settings = { GLADIA_API_URL: simulator.url, CONFIG_FILE: path, DATA_DIR: "reload" };
    await using gateway = await startGateway(installation, settings);
    await Bun.write(path, "BATCH_MAX_SIZE=7\nPORT=ignored\n");
    gateway.signal("SIGHUP");
    await gateway.logged('"maxBatchSize":7');
    await Bun.write(path, "BATCH_MAX_SIZE=none\n");
    gateway.signal("SIGHUP");
    await gateway.logged("BATCH_MAX_SIZE: expected a whole number");
    gateway.signal("SIGTERM");
    expect(await gateway.exited).toBe(0);
  },
  E2E_LIMIT_MS,
);

test(
  "exports what was said, from PostgreSQL and from an embedded database, once nobody else owns it",
  async () => {
    await using database = await postgres.createDatabase();
    const { pcm, sentences } = await loadSample();
    const lines = sentences.map((sentence) => `ada: ${sentence}`);
    const shown = (stdout: string) =>
      stdout
        .trimEnd()
        .replaceAll(/^\[[\d:]+\] /gm, "")
        .split("\n");
    const kinds = [
      { DATABASE_URL: database.url, SESSION_POLICY: "create", DATA_DIR: "exported" },
      { DATA_DIR: "exported-embedded" },
    ];
    for (const settings of kinds) {
      const exported = (...args: string[]) =>
        runExecutable(installation, ["export", "--session", "standup", ...args], settings);
      await using gateway = await startGateway(installation, {
        ...settings,
        GLADIA_API_URL: simulator.url,
      });
      const speaker = await connectSpeaker(gateway.url, "standup", "ada");
      await speaker.speak(pcm, 8);
      speaker.stop();
      expect(await speaker.closed).toBe(1000);
      if (!("DATABASE_URL" in settings)) {
        const refused = await exported();
        expect([refused.exitCode, refused.stdout]).toEqual([1, ""]);
        expect(refused.stderr).toContain("another process holds its lock");
      }
      gateway.signal("SIGTERM");
      expect(await gateway.exited).toBe(0);

      expect(await exported("--format", "txt")).toMatchObject({ exitCode: 0, stderr: "" });
      expect(shown((await exported("--format", "txt")).stdout)).toEqual(lines);
      expect(await exported("--format", "vtt", "--output", "standup.vtt")).toEqual({
        exitCode: 0,
        stdout: "",
        stderr: "",
      });
      const vtt = parseWebVtt(await Bun.file(join(installation.directory, "standup.vtt")).text());
      expect(new Set(vtt.cues.map(({ voice }) => voice))).toEqual(new Set(["ada"]));
      const unknown = await runExecutable(installation, ["export", "--session", "x"], settings);
      expect(unknown).toEqual({
        exitCode: 1,
        stdout: "",
        stderr: 'stenogate export: no such call: "x"\n',
      });
    }
  },
  E2E_LIMIT_MS,
);

test(
  "[R1] a second process on the same journal is refused with a clear error",
  async () => {
    const settings = { GLADIA_API_URL: simulator.url, DATA_DIR: "shared" };
    await using gateway = await startGateway(installation, settings);
    expect(gateway.log).toContain("Listening");
    await expect(startGateway(installation, settings)).rejects.toThrow(
      "another process holds its lock",
    );
  },
  E2E_LIMIT_MS,
);

test(
  "a database without the tables is refused at start, with the command that makes them",
  async () => {
    await using database = await postgres.createDatabase({ migrated: false });
    const settings = { DATABASE_URL: database.url, DATA_DIR: "bare" };
    await expect(startGateway(installation, settings)).rejects.toThrow(
      'run "stenogate migrate" first',
    );
  },
  E2E_LIMIT_MS,
);
