import { parseArgs } from "node:util";
import { VERSION } from "../app/version.ts";
import { describeError } from "../kernel/errors.ts";
import { ConfigError, type Environment } from "../settings/config.ts";
import { EXIT, UsageError, type Command, type FlagValues } from "./command.ts";
import { deadLetters } from "./dead-letters.ts";
import { demo } from "./demo/demo.ts";
import { exportTranscript } from "./export.ts";
import { renderCommandHelp, renderFlagList, renderHelp } from "./help.ts";
import { migrate } from "./migrate.ts";
import { serve } from "./serve.ts";
import { token } from "./token.ts";

const COMMANDS: readonly Command[] = [serve, demo, migrate, token, exportTranscript, deadLetters];

/** What runs when no command is named. */
const DEFAULT_COMMAND = serve;

/** Runs the command that the arguments name and resolves with the exit code. Never rejects. */
export async function runCommandLine(
  args: readonly string[],
  environment: Environment,
): Promise<number> {
  const [first, ...rest] = args;
  if (first === "--help" || first === "-h" || first === "help") {
    console.log(renderHelp(COMMANDS));
    return 0;
  }
  if (first === "--version" || first === "-v") {
    console.log(VERSION);
    return 0;
  }
  const isNamed = first !== undefined && !first.startsWith("-");
  const command = isNamed ? COMMANDS.find(({ name }) => name === first) : DEFAULT_COMMAND;
  if (command === undefined) {
    const names = COMMANDS.map(({ name }) => name).join(", ");
    console.error(`stenogate: unknown command "${first}"; there are: ${names}`);
    return EXIT.usage;
  }
  return runCommand(command, isNamed ? rest : args, environment);
}

async function runCommand(
  command: Command,
  args: readonly string[],
  environment: Environment,
): Promise<number> {
  try {
    const { flags, action } = parseCommandArguments(command, args);
    if (flags["help"] === true) {
      console.log(renderCommandHelp(command));
      return 0;
    }
    if (flags["version"] === true) {
      console.log(VERSION);
      return 0;
    }
    return await command.run(flags, environment, requireAction(command, action));
  } catch (error) {
    console.error(`stenogate ${command.name}: ${describeError(error)}`);
    if (error instanceof UsageError) return EXIT.usage;
    return error instanceof ConfigError ? EXIT.configuration : EXIT.failure;
  }
}

interface CommandArguments {
  readonly flags: FlagValues;
  readonly action: string | undefined;
}

function parseCommandArguments(command: Command, args: readonly string[]): CommandArguments {
  const options = Object.fromEntries(
    Object.entries(command.flags).map(([name, { type }]) => [name, { type }]),
  );
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: {
        ...options,
        help: { type: "boolean", short: "h" },
        version: { type: "boolean", short: "v" },
      },
      strict: true,
      allowPositionals: command.actions !== undefined,
    });
    return { flags: values, action: positionals.join(" ") || undefined };
  } catch (error) {
    // The first sentence names the argument; what follows is advice for positional arguments, which there are none of.
    const [problem] = describeError(error).split(". ");
    throw new UsageError(`${problem}; there are: ${renderFlagList(command)}`);
  }
}

function requireAction({ actions }: Command, action: string | undefined): string {
  if (actions === undefined) return "";
  if (action !== undefined && Object.hasOwn(actions, action)) return action;
  const got = action === undefined ? "none" : `"${action}"`;
  throw new UsageError(
    `expected an action, got ${got}; there are: ${Object.keys(actions).join(", ")}`,
  );
}
