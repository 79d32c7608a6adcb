import { expect, test } from "bun:test";
import {
  BATCH_QUEUE_BOUNDS,
  DEFAULT_BATCH_QUEUE_CONFIG as DEFAULTS,
  parseBatchQueueConfig,
} from "../../../src/transcripts/queue/batch-queue-config.ts";

test("[R7] begins with 300 ms, 100 rows and 1000 waiting ones", () => {
  expect(DEFAULTS).toEqual({ flushIntervalMs: 300, maxBatchSize: 100, maxQueueSize: 1000 });
});

test("[R7] lays changes over what stands", () => {
  expect(parseBatchQueueConfig(DEFAULTS, { maxBatchSize: 7 })).toEqual({
    ok: true,
    value: { ...DEFAULTS, maxBatchSize: 7 },
  });
  expect(parseBatchQueueConfig(DEFAULTS, {})).toEqual({ ok: true, value: DEFAULTS });
});

for (const name of ["flushIntervalMs", "maxBatchSize", "maxQueueSize"] as const) {
  test(`[R7] takes ${name} within its bounds and refuses it by name outside`, () => {
    const { least, most } = BATCH_QUEUE_BOUNDS[name];
    for (const value of [least, most]) {
      expect(parseBatchQueueConfig(DEFAULTS, { [name]: value }).ok).toBe(true);
    }
    for (const value of [least - 1, most + 1, least + 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(parseBatchQueueConfig(DEFAULTS, { [name]: value })).toEqual({
        ok: false,
        problem: `expected ${name} to be a whole number from ${least} to ${most}, got ${value}`,
      });
    }
  });
}
