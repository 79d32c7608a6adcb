import { parseEnv } from "node:util";
import type { App } from "../app/app.ts";
import { describeError } from "../kernel/errors.ts";
import type { Log } from "../observe/log.ts";
import { readConfig, type Environment } from "../settings/config.ts";

/** What may change while the gateway runs. */
const RELOADED = ["BATCH_FLUSH_INTERVAL_MS", "BATCH_MAX_SIZE", "BATCH_MAX_QUEUE"] as const;

/**
 * Reads the three settings of the batch queue again, from the environment file named by `CONFIG_FILE`; one that the file does
 * not name falls back to its default. Never rejects: a file that is wrong changes nothing and is logged.
 */
export async function reloadQueueSettings(
  app: App,
  path: string | undefined,
  log: Log,
): Promise<void> {
  if (path === undefined) {
    log.warn("Nothing to read again: CONFIG_FILE is not set");
    return;
  }
  try {
    const found: Environment = parseEnv(await Bun.file(path).text());
    const config = readConfig(Object.fromEntries(RELOADED.map((name) => [name, found[name]])));
    const changed = app.storage.queue.setBatchQueueConfig({
      flushIntervalMs: config.batchFlushIntervalMs,
      maxBatchSize: config.batchMaxSize,
      maxQueueSize: config.batchMaxQueue,
    });
    if (changed.ok) log.info("Read the batch settings again", { ...changed.value });
    else log.error("Could not change the batch settings", { problem: changed.problem });
  } catch (error) {
    log.error("Could not read the batch settings again", { path, problem: describeError(error) });
  }
}
