import { expect, test } from "bun:test";
import { join } from "node:path";
import { spawnGateway, untilListening } from "../support/actors/processes/gateway-process.ts";
import { until } from "../support/probes/until.ts";

const PROGRAM = join(import.meta.dir, "../support/actors/processes/failing-process.ts");
const LIMIT_MS = 20_000;

const DRAINING = '"msg":"Draining"';
const UNCAUGHT = '"msg":"An error reached the edge of the process"';
const REJECTED = '"msg":"A promise was rejected and nobody waited for it"';

function spawnFailing(kind: "idle" | "starting", settings: Record<string, string> = {}) {
  return spawnGateway([process.execPath, PROGRAM, kind], { directory: import.meta.dir }, settings);
}

function startFailing(settings: Record<string, string> = {}) {
  return untilListening(spawnFailing("idle", settings));
}

const countOf = (log: string, part: string) => log.split(part).length - 1;

test.concurrent.each(["SIGTERM", "SIGINT"] as const)(
  "[R30] %p drains, and the process ends with 0",
  async (signal) => {
    await using gateway = await startFailing();
    gateway.signal(signal);
    await until(() => gateway.log.includes(DRAINING));
    gateway.tell("end");
    expect(await gateway.exited).toBe(0);
    expect(gateway.log).toContain(`"signal":"${signal}"`);
  },
  LIMIT_MS,
);

test.concurrent(
  "[R30] ends with 1 when finals are lost",
  async () => {
    await using gateway = await startFailing();
    gateway.signal("SIGTERM");
    gateway.tell("lose");
    expect(await gateway.exited).toBe(1);
  },
  LIMIT_MS,
);

test.concurrent(
  "[R30] a second signal ends the process at once",
  async () => {
    await using gateway = await startFailing();
    gateway.signal("SIGTERM");
    await until(() => gateway.log.includes(DRAINING));
    gateway.signal("SIGINT");
    expect(await gateway.exited).toBe(1);
    expect(gateway.log).toContain("A second signal ends the process at once");
  },
  LIMIT_MS,
);

test.concurrent(
  "[R30] a shutdown that hangs ends at the deadline",
  async () => {
    await using gateway = await startFailing({ SHUTDOWN_DEADLINE_MS: "1000" });
    gateway.signal("SIGTERM");
    expect(await gateway.exited).toBe(1);
    expect(gateway.log).toContain("The shutdown took longer than it may");
  },
  LIMIT_MS,
);

test.concurrent(
  "[R30] SIGHUP does not disturb a drain",
  async () => {
    await using gateway = await startFailing();
    gateway.signal("SIGTERM");
    await until(() => gateway.log.includes(DRAINING));
    gateway.signal("SIGHUP");
    await until(() => gateway.log.includes("Nothing to read again"));
    gateway.tell("end");
    expect(await gateway.exited).toBe(0);
  },
  LIMIT_MS,
);

test.concurrent(
  "[R30] a signal during start-up ends it with 0, SIGHUP does not",
  async () => {
    await using gateway = spawnFailing("starting");
    await until(() => gateway.log.includes("Starting"));
    gateway.signal("SIGHUP");
    gateway.signal("SIGTERM");
    expect(await gateway.exited).toBe(0);
    expect(gateway.log).toContain("Ended before it served");
  },
  LIMIT_MS,
);

test.concurrent(
  "[R24] an uncaught exception drains, and asks for a new process with 1",
  async () => {
    await using gateway = await startFailing();
    gateway.tell("exception");
    await until(() => gateway.log.includes(DRAINING));
    // The drain goes on whatever else fails, and whoever else asks for it.
    gateway.tell("exception");
    await until(() => countOf(gateway.log, UNCAUGHT) === 2);
    gateway.signal("SIGTERM");
    await until(() => gateway.log.includes("Shutting down"));
    gateway.tell("end");
    expect(await gateway.exited).toBe(1);
    expect(gateway.log).toContain('"uncaught":2');
    expect(gateway.log).toContain("at <anonymous>");
    expect(gateway.log).not.toContain("the secret");
  },
  LIMIT_MS,
);

test.concurrent(
  "[R24] an uncaught exception during a drain does not stop it",
  async () => {
    await using gateway = await startFailing();
    gateway.signal("SIGTERM");
    await until(() => gateway.log.includes(DRAINING));
    gateway.tell("exception");
    await until(() => gateway.log.includes(UNCAUGHT));
    gateway.tell("end");
    expect(await gateway.exited).toBe(1);
    expect(gateway.log).toContain("Shut down");
  },
  LIMIT_MS,
);

test.concurrent(
  "[R24] an exception during start-up ends the process with 1",
  async () => {
    await using gateway = spawnFailing("starting");
    await until(() => gateway.log.includes("Starting"));
    gateway.tell("exception");
    expect(await gateway.exited).toBe(1);
    expect(countOf(gateway.log, UNCAUGHT)).toBe(1);
  },
  LIMIT_MS,
);

test.concurrent(
  "[R24] an unhandled rejection is counted and logged, and the process goes on",
  async () => {
    await using gateway = await startFailing();
    gateway.tell("rejection");
    await until(() => gateway.log.includes(REJECTED));
    gateway.signal("SIGTERM");
    gateway.tell("end");
    expect(await gateway.exited).toBe(0);
    expect(gateway.log).toContain('"uncaught":1');
    expect(gateway.log).not.toContain("the secret");
  },
  LIMIT_MS,
);

test.concurrent(
  "[R24] more than a hundred rejections in a minute drain, and not all are logged",
  async () => {
    await using gateway = await startFailing();
    gateway.tell("rejections");
    await until(() => gateway.log.includes(DRAINING));
    gateway.tell("end");
    expect(await gateway.exited).toBe(1);
    expect(countOf(gateway.log, REJECTED)).toBe(100);
    expect(gateway.log).toContain('"uncaught":101');
  },
  LIMIT_MS,
);
