import { expect, spyOn, test } from "bun:test";
import { join } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import { runCommandLine } from "../../src/commands/command-line.ts";
import type { Environment } from "../../src/settings/config.ts";
import { SETTINGS } from "../../src/settings/settings.ts";
import { readSourceTree, REPOSITORY_ROOT } from "../law/source-tree.ts";

const COMMANDS = ["serve", "demo", "migrate", "token", "export", "dead-letters"];

/** What a run prints, and the code that it exits with. */
async function run(args: readonly string[], environment: Environment = {}) {
  using output = spyOn(console, "log").mockImplementation(() => {});
  using complaints = spyOn(console, "error").mockImplementation(() => {});
  const exitCode = await runCommandLine(args, environment);
  return { exitCode, printed: textOf(output), complaint: textOf(complaints) };
}

function textOf(spy: { readonly mock: { readonly calls: readonly unknown[][] } }): string {
  return spy.mock.calls.map(([line]) => String(line)).join("\n");
}

test("lists the commands when it is asked for help", async () => {
  for (const flag of ["--help", "-h", "help"]) {
    const { exitCode, printed, complaint } = await run([flag]);
    expect([exitCode, complaint]).toEqual([0, ""]);
    for (const name of COMMANDS) expect(printed).toMatch(new RegExp(`^  ${name} +\\S`, "m"));
  }
});

test("every command that there is can be run, and stands in the README", async () => {
  const sources = await readSourceTree(["src"]);
  const made = sources.flatMap(({ text }) => [
    ...text.matchAll(/: Command = \{\n {2}name: "([a-z-]+)"/g),
  ]);
  expect(made.map((command) => command[1]!).toSorted()).toEqual(COMMANDS.toSorted());
  const readme = await Bun.file(join(REPOSITORY_ROOT, "README.md")).text();
  for (const name of COMMANDS)
    expect(readme).toMatch(new RegExp(`^\\| .*\`stenogate ${name}\\b`, "m"));
});

test("tells its version alone, wherever it is asked", async () => {
  for (const args of [["--version"], ["-v"], ...COMMANDS.map((name) => [name, "--version"])]) {
    expect(await run(args)).toEqual({ exitCode: 0, printed: manifest.version, complaint: "" });
  }
});

test.each(COMMANDS)(
  "%s explains itself, whatever else is wrong with the configuration",
  async (name) => {
    for (const flag of ["--help", "-h"]) {
      const { exitCode, printed } = await run([name, flag], { PORT: "none" });
      expect(exitCode).toBe(0);
      expect(printed).toStartWith(`stenogate ${name}: `);
      expect(printed).toContain("--help");
    }
  },
);

test("serve lists every setting in its help", async () => {
  const { printed } = await run(["serve", "--help"]);
  for (const { name } of Object.values(SETTINGS)) expect(printed).toContain(`  ${name} `);
  expect(printed).not.toContain("`");
});

test("answers an unknown command with those that there are, and exit code 64", async () => {
  const { exitCode, printed, complaint } = await run(["serv"]);
  expect([exitCode, printed]).toEqual([64, ""]);
  expect(complaint).toBe(`stenogate: unknown command "serv"; there are: ${COMMANDS.join(", ")}`);
});

test.each([
  ["an unknown flag", ["serve", "--prot", "1"], "--prot"],
  ["an unknown flag of the default command", ["--prot"], "--prot"],
  ["an argument that is no flag", ["token", "standup"], "standup"],
  ["a flag without its value", ["token", "--session"], "--session"],
  ["a switch with a value", ["serve", "--help=yes"], "--help"],
])(
  "answers %s by naming it and the flags that there are, and exit code 64",
  async (_, args, named) => {
    const { exitCode, complaint } = await run(args);
    expect(exitCode).toBe(64);
    expect(complaint).toContain(named);
    expect(complaint).toContain("there are: ");
    expect(complaint).toContain("--help, --version");
    expect(complaint.split("\n")).toHaveLength(1);
  },
);

test.each([
  ["no action", [], "got none"],
  ["an unknown action", ["burn"], 'got "burn"'],
  ["two actions", ["list", "drop"], 'got "list drop"'],
  ["a name that every object has", ["toString"], 'got "toString"'],
])("answers %s with those that there are, and exit code 64", async (_, args, got) => {
  const { exitCode, complaint } = await run(["dead-letters", ...args]);
  expect(exitCode).toBe(64);
  expect(complaint).toBe(
    `stenogate dead-letters: expected an action, ${got}; there are: list, retry, drop`,
  );
});

test("[R32] reports a wrong configuration whole, with exit code 78, and serves by default", async () => {
  for (const args of [[], ["serve"]]) {
    const { exitCode, printed, complaint } = await run(args, { PORT: "none", LOG_LEVEL: "loud" });
    expect([exitCode, printed]).toEqual([78, ""]);
    expect(complaint).toContain("stenogate serve: the configuration has 4 problem(s)");
    for (const name of ["PORT", "LOG_LEVEL", "GLADIA_API_KEY", "TRANSCRIPTION_JWT_SECRET"]) {
      expect(complaint).toContain(`\n  ${name}: `);
    }
  }
});

test("[R32] every command that reads settings refuses a wrong one with exit code 78", async () => {
  for (const args of [["migrate"], ["token", "--session", "standup", "--identity", "ada"]]) {
    const { exitCode, complaint } = await run(args, { BATCH_MAX_SIZE: "many" });
    expect(exitCode).toBe(78);
    expect(complaint).toContain("BATCH_MAX_SIZE: ");
  }
});
