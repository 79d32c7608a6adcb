import type { App } from "../app.ts";
import type { Config } from "../config.ts";
import { describeError } from "../kernel/errors.ts";
import { after } from "../kernel/timers.ts";
import type { Log } from "../observe/log.ts";
import { EXIT } from "./command.ts";
import { reloadQueueSettings } from "./reload.ts";

const SIGNALS = ["SIGTERM", "SIGINT"] as const;

/**
 * Waits for SIGTERM or SIGINT, shuts the gateway down, and resolves with the exit code: 0 when every final is in the
 * database or in the journal. SIGHUP reads the settings of the batch queue again.
 *
 * R30: a second signal, or a shutdown beyond its limit, ends the process at once. R24: an error that nobody caught is
 * counted and logged; the sessions go on.
 */
export async function runUntilSignal(app: App, config: Config, log: Log): Promise<number> {
  const noteUncaught = (error: unknown) => {
    app.metrics.tallies.uncaught_errors += 1;
    log.error("An error reached the edge of the process", { problem: describeError(error) });
  };
  process.on("uncaughtException", noteUncaught);
  process.on("unhandledRejection", noteUncaught);

  process.on("SIGHUP", () => void reloadQueueSettings(app, config.configFile, log));
  const { promise: signalled, resolve } = Promise.withResolvers<string>();
  for (const signal of SIGNALS) process.once(signal, resolve);
  log.info("Shutting down", { signal: await signalled });

  const endAtOnce = (sentence: string) => {
    log.error(sentence);
    process.exit(EXIT.failure);
  };
  for (const signal of SIGNALS) {
    process.removeListener(signal, resolve);
    process.once(signal, () => endAtOnce("A second signal ends the process at once"));
  }
  const limit = after(config.shutdownDeadlineMs, () =>
    endAtOnce("The shutdown took longer than it may"),
  );
  const lost = await app.shutDown();
  limit.stop();
  return lost === 0 ? 0 : EXIT.failure;
}
