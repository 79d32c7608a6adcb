/** The edge of the process: arguments and environment in, an exit code out. */
import { runCommandLine } from "./commands/command-line.ts";

// Bun puts itself and the script before the arguments, in the compiled executable too.
process.exit(await runCommandLine(Bun.argv.slice(2), process.env));
