import { expect, test } from "bun:test";
import { takeStatusSnapshot } from "../../src/app/status-snapshot.ts";

test("names the figures exactly as dashboards read them", () => {
  const snapshot = takeStatusSnapshot({
    server: { connectionCount: 1 },
    provider: { streamCount: 2 },
    queue: {
      getQueueMetrics: () => ({
        queueLength: 3,
        totalQueued: 4,
        totalFlushed: 5,
        totalErrors: 6,
        oldestAgeMs: 7,
        lastError: null,
        dropped: { "memory-full": 8, "dead-letters-full": 9 },
      }),
    },
    journal: {
      state: {
        rows: 10,
        bytes: 11,
        bytesMax: 12,
        rowsDamaged: 0,
        oldestQueuedAtMs: undefined,
        isRefusing: false,
        lastProblem: undefined,
      },
    },
  });
  expect(snapshot).toMatchObject({
    activeConnections: 1,
    activeGladiaBridges: 2,
    queue: {
      queueLength: 3,
      totalQueued: 4,
      totalFlushed: 5,
      totalErrors: 6,
      oldestAgeMs: 7,
      lastError: null,
    },
    journal: { rows: 10, bytes: 11 },
    dropped: { "memory-full": 8, "dead-letters-full": 9 },
  });
  // What was dropped stands once, beside the queue.
  expect(snapshot.queue).not.toHaveProperty("dropped");
});
