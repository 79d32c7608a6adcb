import { expect, test } from "bun:test";
import { join } from "node:path";
import type { App } from "../../src/app/app.ts";
import { reloadQueueSettings } from "../../src/commands/reload.ts";
import { accepted, refused, type Parsed } from "../../src/kernel/result.ts";
import type { BatchQueueConfig } from "../../src/transcripts/queue/batch-queue-config.ts";
import { createGuardedFolder } from "../support/probes/guarded-folder.ts";
import { recordedLog } from "../support/probes/recorded-log.ts";

/** A gateway of which only the queue's settings can be changed; the test decides whether they may. */
function createGateway(judge: (config: BatchQueueConfig) => Parsed<BatchQueueConfig> = accepted) {
  const asked: Partial<BatchQueueConfig>[] = [];
  const queue = {
    setBatchQueueConfig(changes: BatchQueueConfig) {
      asked.push(changes);
      return judge(changes);
    },
  };
  // Nothing else of a gateway is looked at.
  return { app: { storage: { queue } } as unknown as App, asked };
}

async function reload(app: App, path: string | undefined): Promise<readonly unknown[]> {
  const log = recordedLog();
  await reloadQueueSettings(app, path, log);
  return log.lines.map(({ level, sentence, fields }) => ({ level, sentence, ...fields }));
}

test("[R7] reads the three batch settings and nothing else, and gives their defaults to those that are not named", async () => {
  await using folder = await createGuardedFolder("stenogate-reload-");
  const path = join(folder.path, "batch.env");
  await Bun.write(path, "# Faster.\nBATCH_FLUSH_INTERVAL_MS=50\nPORT=no number\n");
  const { app, asked } = createGateway();
  const changed = { flushIntervalMs: 50, maxBatchSize: 100, maxQueueSize: 1000 };
  expect(await reload(app, path)).toEqual([
    { level: "info", sentence: "Read the batch settings again", ...changed },
  ]);
  expect(asked).toEqual([changed]);
});

test("[R7] a file that is wrong or is not there changes nothing, and is logged with its path", async () => {
  await using folder = await createGuardedFolder("stenogate-reload-");
  const path = join(folder.path, "batch.env");
  const { app, asked } = createGateway();
  expect(await reload(app, path)).toEqual([
    {
      level: "error",
      sentence: "Could not read the batch settings again",
      path,
      problem: expect.stringContaining("ENOENT"),
    },
  ]);
  await Bun.write(path, "BATCH_MAX_SIZE=0\n");
  expect(await reload(app, path)).toMatchObject([
    { level: "error", path, problem: expect.stringContaining("BATCH_MAX_SIZE: expected") },
  ]);
  expect(asked).toEqual([]);
});

test("[R7] settings that the queue refuses together are logged with its reason", async () => {
  await using folder = await createGuardedFolder("stenogate-reload-");
  const path = join(folder.path, "batch.env");
  await Bun.write(path, "BATCH_MAX_SIZE=7\n");
  const { app } = createGateway(() => refused("expected something else"));
  expect(await reload(app, path)).toEqual([
    {
      level: "error",
      sentence: "Could not change the batch settings",
      problem: "expected something else",
    },
  ]);
});

test("[R7] without CONFIG_FILE there is nothing to read again, which is said", async () => {
  const { app, asked } = createGateway();
  expect(await reload(app, undefined)).toEqual([
    { level: "warn", sentence: "Nothing to read again: CONFIG_FILE is not set" },
  ]);
  expect(asked).toEqual([]);
});
