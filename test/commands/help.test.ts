import { expect, test } from "bun:test";
import type { Command } from "../../src/commands/command.ts";
import { renderCommandHelp, renderFlagList, renderHelp } from "../../src/commands/help.ts";

const command: Command = {
  name: "dig",
  summary: "dig a hole",
  flags: {
    depth: { type: "string", value: "METRES", sentence: "How deep." },
    quietly: { type: "boolean", sentence: "Nobody hears it." },
  },
  readsSettings: false,
  run: () => Promise.resolve(0),
};

test("shows each flag of a command with its value and sentence", () => {
  const text = renderCommandHelp(command);
  expect(text).toContain("stenogate dig: dig a hole");
  expect(text).toMatch(/^ {2}--depth METRES +How deep\.$/m);
  expect(text).toMatch(/^ {2}--quietly +Nobody hears it\.$/m);
  expect(text).not.toContain("PORT");
});

test("shows the actions of a command that has some", () => {
  const text = renderCommandHelp({ ...command, actions: { fill: "Undo it." } });
  expect(text).toMatch(/^ {2}fill +Undo it\.$/m);
  expect(renderCommandHelp(command)).not.toContain("Actions");
});

test("shows the settings of a command that reads them", () => {
  expect(renderCommandHelp({ ...command, readsSettings: true })).toMatch(/^ {2}PORT +\S/m);
});

test("lists commands and flags in one line each", () => {
  expect(renderHelp([command])).toMatch(/^ {2}dig +dig a hole$/m);
  expect(renderFlagList(command)).toBe("--depth, --quietly, --help, --version");
});
