import { monotonicMs } from "../kernel/timers.ts";
import type { JournalState } from "../transcripts/journal/journal.ts";
import type { QueueMetrics } from "../transcripts/transcript-batch-queue.ts";

/** The figures of `/metrics` as JSON. The names are those that existing dashboards read. */
export interface StatusSnapshot {
  readonly activeConnections: number;
  readonly activeGladiaBridges: number;
  readonly queue: Omit<QueueMetrics, "dropped">;
  /** `oldestQueuedAtMs` is since the epoch here, by the clock as it is now. */
  readonly journal: JournalState;
  /** Lost finals, by cause. */
  readonly dropped: QueueMetrics["dropped"];
}

/** Where each figure comes from. */
export interface StatusSources {
  readonly server: { readonly connectionCount: number };
  readonly provider: { readonly streamCount: number };
  readonly queue: { getQueueMetrics(): QueueMetrics };
  readonly journal: { readonly state: JournalState };
}

export function takeStatusSnapshot(sources: StatusSources): StatusSnapshot {
  const { server, provider, queue, journal } = sources;
  const { dropped, ...figures } = queue.getQueueMetrics();
  return {
    activeConnections: server.connectionCount,
    activeGladiaBridges: provider.streamCount,
    queue: figures,
    journal: withWallClock(journal.state),
    dropped,
  };
}

function withWallClock(state: JournalState): JournalState {
  const { oldestQueuedAtMs: atMs } = state;
  if (atMs === undefined) return state;
  return { ...state, oldestQueuedAtMs: Date.now() - (monotonicMs() - atMs) };
}
