/**
 * The edge of the process: signals and errors that nobody caught.
 *
 * R24: an unhandled rejection is a piece of work that failed unseen; it is counted and logged, and the process goes on, unless
 * they come in crowds. After an uncaught exception state may be half changed: the process drains, because finals that are on
 * their way can still be kept, and its exit code asks the supervisor for a new one.
 */
import type { App } from "../app/app.ts";
import { traceError } from "../kernel/error-trace.ts";
import { after, monotonicMs } from "../kernel/timers.ts";
import type { Log } from "../observe/log.ts";
import type { Config } from "../settings/config.ts";
import { EXIT } from "./command.ts";
import { reloadQueueSettings } from "./reload.ts";

const SIGNALS = ["SIGTERM", "SIGINT"] as const;

/** With a thousand sessions, one rejection for every tenth of them. More in a minute is no session's own: a part is broken. */
const UNCAUGHT_MAX = 100;
const WINDOW_MS = 60_000;

/** Runs a gateway that has started. Signals and errors are heard from now on: what came before had its usual effect. */
export async function runUntilSignal(app: App, config: Config, log: Log): Promise<number> {
  const life = new ProcessLife({ log }, config);
  life.start();
  return life.run(app);
}

/**
 * What a signal or an uncaught error does, by mode:
 * - starting (`start`): the process ends at once, by a signal with 0. Nobody was served, and what is kept is kept.
 * - running (`run`): the gateway is shut down (R30). SIGHUP reads the settings of the batch queue again.
 * - draining: a second signal ends the process at once, and so does `shutdownDeadlineMs`. Errors are counted and logged: they
 *   must not cost the finals that are being saved.
 */
export class ProcessLife {
  readonly #log: Log;
  readonly #config: Pick<Config, "shutdownDeadlineMs" | "configFile">;
  readonly #ending = Promise.withResolvers<void>();
  #app: App | undefined;
  #signalCount = 0;
  #hasFailed = false;
  #uncaughtCount = 0;
  /** Uncaught errors of the present window. */
  #recentCount = 0;
  #windowStartMs = 0;

  constructor(
    { log }: { readonly log: Log },
    options: Pick<Config, "shutdownDeadlineMs" | "configFile">,
  ) {
    this.#log = log;
    this.#config = options;
  }

  /** Hears signals and errors from now on. NOTE: as process 1 of a container it would otherwise not end by a signal. */
  start(): void {
    for (const signal of SIGNALS) process.on(signal, () => this.#noteSignal(signal));
    process.on("SIGHUP", () => this.#reload());
    process.on("uncaughtException", (error) => this.#noteException(error));
    process.on("unhandledRejection", (reason) => this.#noteRejection(reason));
  }

  /**
   * The gateway is there. Resolves with the exit code when it has been shut down: 0 when a signal asked for that, and every
   * final is in the database or in the journal.
   */
  async run(app: App): Promise<number> {
    this.#app = app;
    app.metrics.tallies.uncaught_errors += this.#uncaughtCount;
    await this.#ending.promise;
    const limit = after(this.#config.shutdownDeadlineMs, () =>
      this.#endAtOnce("The shutdown took longer than it may"),
    );
    const lost = await app.shutDown();
    limit.stop();
    return lost === 0 && !this.#hasFailed ? 0 : EXIT.failure;
  }

  #noteSignal(signal: string): void {
    this.#signalCount += 1;
    if (this.#app === undefined) {
      this.#log.info("Ended before it served", { signal });
      process.exit(0);
    }
    if (this.#signalCount > 1) this.#endAtOnce("A second signal ends the process at once");
    this.#log.info("Shutting down", { signal });
    this.#ending.resolve();
  }

  #noteException(error: unknown): void {
    this.#count("An error reached the edge of the process", error);
    this.#fail();
  }

  #noteRejection(reason: unknown): void {
    this.#count("A promise was rejected and nobody waited for it", reason);
    if (this.#recentCount > UNCAUGHT_MAX) this.#fail();
  }

  /** Counts every error, and logs the first hundred of a minute. */
  #count(sentence: string, error: unknown): void {
    const nowMs = monotonicMs();
    if (nowMs - this.#windowStartMs >= WINDOW_MS) {
      this.#windowStartMs = nowMs;
      this.#recentCount = 0;
    }
    this.#recentCount += 1;
    this.#uncaughtCount += 1;
    if (this.#app !== undefined) this.#app.metrics.tallies.uncaught_errors += 1;
    if (this.#recentCount <= UNCAUGHT_MAX) this.#log.error(sentence, traceError(error));
  }

  #fail(): void {
    if (this.#app === undefined) this.#endAtOnce("The process failed before it served");
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.#log.error("The state of the process may be broken: it ends with what it can save");
    this.#ending.resolve();
  }

  #reload(): void {
    if (this.#app === undefined) return;
    void reloadQueueSettings(this.#app, this.#config.configFile, this.#log);
  }

  #endAtOnce(sentence: string): never {
    this.#log.error(sentence);
    process.exit(EXIT.failure);
  }
}
