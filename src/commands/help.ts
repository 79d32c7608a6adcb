import { VERSION } from "../app/version.ts";
import { SETTINGS } from "../settings/settings.ts";
import type { Command } from "./command.ts";

export function renderHelp(commands: readonly Command[]): string {
  const list = commands.map(({ name, summary }) => `  ${name.padEnd(14)}${summary}`);
  return [
    `stenogate ${VERSION}: live captions and a transcript that is kept`,
    "",
    "Usage: stenogate [command] [flags]",
    "",
    "Commands (serve when none is named):",
    ...list,
    "",
    "Every command takes --help and --version. Settings come from the environment: stenogate serve --help lists them.",
  ].join("\n");
}

export function renderCommandHelp(command: Command): string {
  const flags = Object.entries(command.flags).map(([name, { value, sentence }]) => {
    const usage = value === undefined ? `--${name}` : `--${name} ${value}`;
    return `  ${usage.padEnd(22)}${sentence}`;
  });
  const settings = command.readsSettings
    ? ["", "Settings, by environment variable:", ...listSettings()]
    : [];
  return [
    `stenogate ${command.name}: ${command.summary}`,
    ...listActions(command),
    "",
    "Flags:",
    ...flags,
    `  ${"--help, --version".padEnd(22)}This text; the version.`,
    ...settings,
  ].join("\n");
}

export function renderFlagList(command: Command): string {
  const names = [...Object.keys(command.flags), "help", "version"];
  return names.map((name) => `--${name}`).join(", ");
}

function listActions({ actions }: Command): readonly string[] {
  if (actions === undefined) return [];
  const list = Object.entries(actions).map(([name, sentence]) => `  ${name.padEnd(22)}${sentence}`);
  return ["", "Actions:", ...list];
}

function listSettings(): readonly string[] {
  return Object.values(SETTINGS).map(({ name, sentence }) => {
    // Back quotes belong to the README's table.
    return `  ${name.padEnd(28)}${sentence.replaceAll("`", "")}`;
  });
}
