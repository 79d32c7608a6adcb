import { expect, test } from "bun:test";
import { join } from "node:path";
import { EXIT } from "../src/commands/command.ts";
import { SETTINGS } from "../src/settings/settings.ts";

const unit = await Bun.file(join(import.meta.dir, "../deploy/stenogate.service")).text();
const readme = await Bun.file(join(import.meta.dir, "../deploy/README.md")).text();

/** The last assignment counts, as it does for systemd. */
const valueOf = (name: string) =>
  [...unit.matchAll(new RegExp(`^${name}=(.*)$`, "gm"))].at(-1)?.[1];

test("[R30] the supervisors wait longer for a drain than it may take", () => {
  const limitSeconds = SETTINGS.shutdownDeadlineMs.fallback / 1000;
  expect(valueOf("TimeoutStopSec")).toMatch(/^\d+s$/);
  expect(parseInt(valueOf("TimeoutStopSec") ?? "", 10)).toBeGreaterThan(limitSeconds + 5);
  const [, stopTimeout] = /--stop-timeout (\d+)/.exec(readme) ?? [];
  expect(Number(stopTimeout)).toBeGreaterThan(limitSeconds + 5);
});

test("[R24] [R32] systemd starts a process anew that failed, however often, and no wrong configuration", () => {
  expect(valueOf("Restart")).toBe("on-failure");
  expect(valueOf("RestartPreventExitStatus")?.split(" ")).toEqual([String(EXIT.configuration)]);
  expect(valueOf("StartLimitIntervalSec")).toBe("0");
});
