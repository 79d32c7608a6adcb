import { accepted, refused, type Parsed } from "../../kernel/result.ts";

/** The three settings of the batch queue, changeable while it runs. */
export interface BatchQueueConfig {
  /** What waits goes out this often, in milliseconds; no final waits longer than one and a half times for its batch. */
  readonly flushIntervalMs: number;
  /** Rows of one statement; a full batch does not wait for the interval. */
  readonly maxBatchSize: number;
  /** Waiting finals from which the queue warns. */
  readonly maxQueueSize: number;
}

export const DEFAULT_BATCH_QUEUE_CONFIG: BatchQueueConfig = {
  flushIntervalMs: 300,
  maxBatchSize: 100,
  maxQueueSize: 1000,
};

/** What each setting may be. A statement of 5000 rows is the largest that was measured to gain anything. */
export const BATCH_QUEUE_BOUNDS: Readonly<
  Record<keyof BatchQueueConfig, { readonly least: number; readonly most: number }>
> = {
  flushIntervalMs: { least: 10, most: 60_000 },
  maxBatchSize: { least: 1, most: 5000 },
  maxQueueSize: { least: 1, most: 1_000_000 },
};

/** Lays `changes` over `config`; a problem names the first setting that is out of its bounds. */
export function parseBatchQueueConfig(
  config: BatchQueueConfig,
  changes: Partial<BatchQueueConfig>,
): Parsed<BatchQueueConfig> {
  const merged = { ...config, ...changes };
  for (const name of ["flushIntervalMs", "maxBatchSize", "maxQueueSize"] as const) {
    const { least, most } = BATCH_QUEUE_BOUNDS[name];
    const value = merged[name];
    if (!Number.isInteger(value) || value < least || value > most) {
      return refused(
        `expected ${name} to be a whole number from ${least} to ${most}, got ${value}`,
      );
    }
  }
  return accepted(merged);
}
