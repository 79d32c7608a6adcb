import type { Environment } from "../settings/config.ts";

/** A flag of a command, in the form that `node:util` parses. */
export interface Flag {
  readonly type: "string" | "boolean";
  /** What stands after the flag in the help, for example SECONDS. */
  readonly value?: string;
  readonly sentence: string;
}

export type FlagValues = Readonly<Record<string, string | boolean | undefined>>;

export interface Command {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  readonly flags: Readonly<Record<string, Flag>>;
  /** What the command can do, when that is several things: the word after its name, and a sentence. One is required. */
  readonly actions?: Readonly<Record<string, string>>;
  /** Whether the help of this command lists the settings. */
  readonly readsSettings: boolean;
  /** Resolves with the exit code. `action` is one of `actions`, or empty where there are none. */
  run(flags: FlagValues, environment: Environment, action: string): Promise<number>;
}

export function readFlag(flags: FlagValues, name: string): string | undefined {
  const value = flags[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** The command line asks for something that does not exist. Exit code 64 (EX_USAGE of sysexits.h). */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Exit codes beyond 0 and 1, from sysexits.h. */
export const EXIT = { failure: 1, usage: 64, configuration: 78 } as const;
