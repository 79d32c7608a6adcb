import { expect, test } from "bun:test";
import { join } from "node:path";
import { LOG_LEVELS, type LogLevel } from "../../src/observe/log.ts";

const LOG_FILE = join(import.meta.dir, "../../src/observe/log.ts");

/** What a process of its own writes, because the log writes to the real standard error. */
async function written(level: LogLevel, script: string): Promise<Record<string, unknown>[]> {
  const program = `
    const { createLog } = await import(${JSON.stringify(LOG_FILE)});
    const log = createLog(${JSON.stringify(level)});
    ${script}
    process.exit(0);
  `;
  const { stdout, stderr, exitCode } = Bun.spawnSync([process.execPath, "-e", program]);
  expect([exitCode, stdout.toString()]).toEqual([0, ""]);
  const lines = stderr.toString().split("\n").filter(Boolean);
  // Every line is an object of fields.
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

test("writes one JSON line per call, with the fields of its parents, and loses none at an exit", async () => {
  const [line, ...rest] = await written(
    "info",
    `const connection = log.child({ connection: "c-1" });
    connection.child({ call: "standup" }).warn("It happened", { count: 2 });`,
  );
  expect(rest).toEqual([]);
  expect(line).toEqual({
    level: "warn",
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    connection: "c-1",
    call: "standup",
    count: 2,
    msg: "It happened",
  });
});

test("writes its level and those above it", async () => {
  const everything = `for (const level of ["debug", "info", "warn", "error"]) log[level](level);`;
  const counts = await Promise.all(
    LOG_LEVELS.map(async (level) => [level, (await written(level, everything)).length] as const),
  );
  expect(counts).toEqual([
    ["debug", 4],
    ["info", 3],
    ["warn", 2],
    ["error", 1],
    ["silent", 0],
  ]);
});

test("[R24] throws nothing at whoever logs while standard error takes no line", () => {
  const program = `
    const { createLog } = await import(${JSON.stringify(LOG_FILE)});
    const log = createLog("info");
    for (let line = 0; line < 3000; line += 1) log.error("It happened", { text: "x".repeat(1000) });
    process.exit(3);
  `;
  // A device that answers every write as a full disk does.
  const { exitCode } = Bun.spawnSync([process.execPath, "-e", program], {
    stderr: Bun.file("/dev/full"),
  });
  expect(exitCode).toBe(3);
});
