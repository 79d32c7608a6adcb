/** How the compiled executable ends, while whoever it needs for that is away. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { loadSample, type Sample } from "../../src/simulator/sample/sample.ts";
import { startSimulator, type SimulatorOptions } from "../../src/simulator/simulator.ts";
import { connectDeafClient } from "../support/actors/clients/deaf-client.ts";
import { connectSpeaker } from "../support/actors/clients/speaker.ts";
import { postgres } from "../support/actors/databases/postgres.ts";
import { startStallingProxy } from "../support/actors/networks/stalling-proxy.ts";
import {
  E2E_LIMIT_MS,
  installExecutable,
  type Installation,
} from "../support/actors/processes/executable.ts";
import { spawnGateway, startGateway } from "../support/actors/processes/gateway-process.ts";
import { until } from "../support/probes/until.ts";

let installation: Installation;
let sample: Sample;

beforeAll(async () => {
  installation = await installExecutable();
  sample = await loadSample();
}, E2E_LIMIT_MS);

afterAll(() => installation[Symbol.asyncDispose]());

test(
  "[R30] ends by itself when clients, provider and database all hang; the next start writes what was shown",
  async () => {
    await using database = await postgres.createDatabase();
    await database.query(`INSERT INTO "VideoSession" ("id", "slug") VALUES ('1', 'standup')`);
    await using simulator = await openSimulator();
    const settings = { GLADIA_API_URL: simulator.url, DATA_DIR: "hanging" };
    await using provider = await startStallingProxy(simulator.url);
    await using server = await startStallingProxy(database.url);
    await using gateway = await startGateway(installation, {
      ...settings,
      DATABASE_URL: server.url,
      GLADIA_API_URL: provider.url,
      SHUTDOWN_DEADLINE_MS: "8000",
    });
    server.stall();
    using deaf = await connectDeafClient(gateway.url, "standup");
    for (let sent = 0; sent < 20; sent += 1) deaf.send(sample.pcm.subarray(0, 3200));
    const speaker = await connectSpeaker(gateway.url, "standup", "ada");
    const speaking = speaker.speak(sample.pcm, 4);
    await until(() => speaker.finals.length >= 2);
    provider.stall();
    gateway.signal("SIGTERM");
    expect(await gateway.exited).toBe(0);
    await speaking;
    expect(gateway.log).toContain("The journal keeps finals for the next start");
    expect(gateway.log).not.toContain("took longer than it may");
    const [draining, end] = speaker.messages.filter(({ type }) =>
      ["status", "error"].includes(type),
    );
    expect(draining).toEqual(expect.objectContaining({ type: "status", state: "draining" }));
    expect(end).toEqual(expect.objectContaining({ code: "draining", resume: expect.any(String) }));
    expect(await speaker.closed).toBe(1012);

    await using next = await startGateway(installation, {
      ...settings,
      DATABASE_URL: database.url,
    });
    next.signal("SIGTERM");
    expect(await next.exited).toBe(0);
    const rows = await database.query<{ text: string }>(`SELECT "text" FROM "TranscriptSegment"`);
    const stored = rows.map(({ text }) => text);
    for (const { text } of speaker.finals) expect(stored).toContain(text);
  },
  E2E_LIMIT_MS,
);

test(
  "[R30] while it drains it is alive and not ready, refuses newcomers with 1012, and answers probes till the end",
  async () => {
    // The final of the sentence that the drain cuts off keeps it waiting.
    await using simulator = await openSimulator({ finalDelayMs: 60_000 });
    await using database = await postgres.createDatabase();
    await using gateway = await startGateway(installation, {
      DATABASE_URL: database.url,
      GLADIA_API_URL: simulator.url,
      DATA_DIR: "probed",
      SHUTDOWN_DEADLINE_MS: "5000",
    });
    const statusOf = async (path: string) => (await fetch(new URL(path, gateway.url))).status;
    expect(await statusOf("/readyz")).toBe(200);
    const speaker = await connectSpeaker(gateway.url, "standup", "ada");
    await speaker.speak(sample.pcm.subarray(0, 64_000), 8);
    gateway.signal("SIGTERM");
    await until(() => gateway.log.includes("Draining"));
    expect(await statusOf("/readyz")).toBe(503);
    const newcomer = await connectSpeaker(gateway.url, "standup", "grace");
    expect(await newcomer.closed).toBe(1012);
    expect(newcomer.messages).toMatchObject([{ type: "error", code: "draining", retryable: true }]);

    const statuses = new Set<number>();
    const probe = async (): Promise<never> => {
      for (;;) {
        statuses.add(await statusOf("/livez"));
        statuses.add(await statusOf("/metrics"));
      }
    };
    // It ends with the listener: in the middle of a request, or before the next one.
    const refused = probe().catch((error: unknown) => error);
    expect(await gateway.exited).toBe(0);
    expect(await refused).toBeInstanceOf(Error);
    expect([...statuses]).toEqual([200]);
    expect(speaker.messages.at(-1)).toMatchObject({ type: "error", retryable: true });
  },
  E2E_LIMIT_MS,
);

test(
  "[R30] SIGTERM ends a start-up that waits for the database, and SIGHUP does not",
  async () => {
    await using database = await postgres.createDatabase();
    await using server = await startStallingProxy(database.url);
    server.stall();
    await using gateway = spawnGateway([installation.path, "serve"], installation, {
      DATABASE_URL: server.url,
      DATA_DIR: "waiting",
    });
    await until(() => server.connectionCount > 0);
    gateway.signal("SIGHUP");
    gateway.signal("SIGTERM");
    expect(await gateway.exited).toBe(0);
    expect(gateway.log).toContain("Ended before it served");
  },
  E2E_LIMIT_MS,
);

test(
  "[R30] SIGTERM while the embedded database is being made leaves nothing that a later start stumbles over",
  async () => {
    await using simulator = await openSimulator();
    const settings = { GLADIA_API_URL: simulator.url, DATA_DIR: "interrupted" };
    {
      await using first = spawnGateway([installation.path, "serve"], installation, settings);
      await until(() => existsSync(join(installation.directory, "interrupted/postgres/data")));
      first.signal("SIGTERM");
      expect(await first.exited).toBe(0);
    }
    await using second = await startGateway(installation, settings);
    second.signal("SIGTERM");
    expect(await second.exited).toBe(0);
  },
  E2E_LIMIT_MS,
);

async function openSimulator(options: SimulatorOptions = {}) {
  const simulator = await startSimulator(options);
  return { url: simulator.url, [Symbol.asyncDispose]: () => simulator.stop() };
}
