/** The compiled executable, alone in an empty folder: what an operator copies to a machine. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdir } from "node:fs/promises";
import { loadSample } from "../../src/simulator/sample/sample.ts";
import { startSimulator } from "../../src/simulator/simulator.ts";
import { connectSpeaker } from "../support/actors/clients/speaker.ts";
import {
  E2E_LIMIT_MS,
  installExecutable,
  runExecutable,
  type Installation,
} from "../support/actors/processes/executable.ts";
import { startGateway, TEST_SECRET } from "../support/actors/processes/gateway-process.ts";

let installation: Installation;

beforeAll(async () => {
  installation = await installExecutable();
}, E2E_LIMIT_MS);

afterAll(() => installation[Symbol.asyncDispose]());

describe("the executable alone in an empty folder", () => {
  test(
    "runs the demo once: every final that it shows is in its database",
    async () => {
      const { sentences } = await loadSample();
      const outcome = await runExecutable(installation, ["demo", "--once"], {
        PORT: "0",
        SHUTDOWN_DEADLINE_MS: "60000",
      });
      expect(outcome.stderr).toBe("");
      expect(outcome.exitCode).toBe(0);
      for (const sentence of sentences) expect(outcome.stdout).toContain(`✓ ${sentence}`);
      expect(outcome.stdout).toContain("5 of 5 finals that were shown are in the database");
      expect((await readdir(installation.directory)).toSorted()).toEqual(["data", "stenogate"]);
    },
    E2E_LIMIT_MS,
  );

  test(
    "[R30] serves, keeps finals over a restart, and ends with 0 on SIGTERM",
    async () => {
      await using simulator = await openSimulator();
      const { pcm, sentences } = await loadSample();
      const settings = { GLADIA_API_URL: simulator.url };
      {
        await using gateway = await startGateway(installation, settings);
        const speaker = await connectSpeaker(gateway.url, "standup", "ada");
        await speaker.speak(pcm, 8);
        speaker.stop();
        expect(await speaker.closed).toBe(1000);
        expect(speaker.finals.map(({ text }) => text)).toEqual([...sentences]);
        gateway.signal("SIGTERM");
        expect(await gateway.exited).toBe(0);
        expect(gateway.log).not.toContain(sentences[0] ?? "");
      }
      await using gateway = await startGateway(installation, settings);
      const minted = await runExecutable(
        installation,
        ["token", "--session", "standup", "--identity", "reader", "--ttl", "5m"],
        { TRANSCRIPTION_JWT_SECRET: TEST_SECRET },
      );
      const answer = await fetch(
        new URL("/api/sessions/standup/transcript?format=txt", gateway.url),
        {
          headers: { authorization: `Bearer ${minted.stdout.trim()}` },
        },
      );
      expect(answer.status).toBe(200);
      const text = await answer.text();
      for (const sentence of sentences) expect(text).toContain(sentence);
      expect(gateway.log).not.toContain(minted.stdout.trim());
    },
    E2E_LIMIT_MS,
  );

  test(
    "[R32] names every wrong setting at once and ends with 78",
    async () => {
      const outcome = await runExecutable(installation, ["serve"], {
        PORT: "http",
        BATCH_MAX_SIZE: "0",
        TRANSCRIPTION_JWT_SECRET: "short",
      });
      expect(outcome.exitCode).toBe(78);
      for (const name of ["PORT", "BATCH_MAX_SIZE", "TRANSCRIPTION_JWT_SECRET", "GLADIA_API_KEY"]) {
        expect(outcome.stderr).toContain(`${name}: expected`);
      }
      expect(outcome.stderr).not.toContain("short");
    },
    E2E_LIMIT_MS,
  );

  test(
    "answers --help and --version everywhere, and refuses what does not exist with what does",
    async () => {
      for (const command of ["serve", "demo", "migrate", "token", "export", "dead-letters"]) {
        const help = await runExecutable(installation, [command, "--help"]);
        expect(help.stdout).toContain(`stenogate ${command}: `);
        expect((await runExecutable(installation, [command, "--version"])).stdout).toMatch(
          /^\d+\.\d+/,
        );
      }
      const command = await runExecutable(installation, ["sing"]);
      expect([command.exitCode, command.stderr]).toEqual([
        64,
        'stenogate: unknown command "sing"; there are: serve, demo, migrate, token, export, dead-letters\n',
      ]);
      const flag = await runExecutable(installation, ["demo", "--twice"]);
      expect(flag.exitCode).toBe(64);
      expect(flag.stderr).toContain("--twice");
      expect(flag.stderr).toContain("there are: --once, --help, --version");
    },
    E2E_LIMIT_MS,
  );
});

async function openSimulator() {
  const simulator = await startSimulator();
  return { url: simulator.url, [Symbol.asyncDispose]: () => simulator.stop() };
}
