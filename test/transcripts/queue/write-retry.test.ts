import { expect, test } from "bun:test";
import { WriteRetry } from "../../../src/transcripts/queue/write-retry.ts";

test("[R5] waits after a failure, within a window that grows, and not at all after a success", () => {
  const retry = new WriteRetry();
  expect(retry.isWaiting(0)).toBe(false);
  for (let attempt = 1; attempt <= 20; attempt += 1) {
    retry.noteFailure(0);
    expect(retry.failedAttempts).toBe(attempt);
    const windowMs = Math.min(5000, 200 * 2 ** (attempt - 1));
    expect(retry.isWaiting(99)).toBe(true);
    expect(retry.isWaiting(windowMs)).toBe(false);
  }
  retry.noteSuccess();
  expect(retry.failedAttempts).toBe(0);
  expect(retry.isWaiting(0)).toBe(false);
});

test("[R30] a wait that is skipped is over, and the failures still count", () => {
  const retry = new WriteRetry();
  retry.noteFailure(0);
  retry.skipWait();
  expect(retry.isWaiting(0)).toBe(false);
  expect(retry.failedAttempts).toBe(1);
});
