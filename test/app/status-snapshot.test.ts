import { expect, test } from "bun:test";
import { takeStatusSnapshot, type StatusSources } from "../../src/app/status-snapshot.ts";
import { monotonicMs } from "../../src/kernel/timers.ts";
import { stoppedClocks } from "../support/probes/fake-time.ts";

const sources: StatusSources = {
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
};

test("names the figures exactly as dashboards read them", () => {
  const snapshot = takeStatusSnapshot(sources);
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

test("[R34] tells since when the oldest final waits as a time that a dashboard can show", () => {
  using clock = stoppedClocks();
  const queuedAtMs = Date.now();
  const state = { ...sources.journal.state, oldestQueuedAtMs: monotonicMs() };
  clock.by(5000);
  const { journal } = takeStatusSnapshot({ ...sources, journal: { state } });
  expect(journal.oldestQueuedAtMs).toBe(queuedAtMs);
});
