/** Drains a running gateway and ends its parts, in the order of R30. */
import { deadline } from "../kernel/deadline.ts";
import { traceError } from "../kernel/error-trace.ts";
import type { Log } from "../observe/log.ts";
import type { SessionRegistry } from "../relay/session/session-registry.ts";
import type {
  TranscriptBatchQueue,
  UnflushedFinals,
} from "../transcripts/transcript-batch-queue.ts";

type Queue = Pick<TranscriptBatchQueue, "stopFlushTimer" | "flushAllPending" | "getQueueMetrics">;

export interface ShutDownParts {
  /** Told first; each is closed when its session has ended. */
  readonly clients: { announceDrain(): void };
  readonly sessions: Pick<SessionRegistry, "count" | "drain">;
  readonly storage: {
    readonly queue: Queue;
    readonly journal: { readonly state: { readonly rows: number } };
  };
  /** Everything that was made, in the order of its making; ended in reverse. */
  readonly made: AsyncDisposable;
  /** Made last and, unlike all else, ended last too: until then it answers probes, and refuses whoever comes. */
  readonly listener: { stop(): Promise<void> };
  readonly log: Log;
}

/**
 * Waits, as shares of the whole time. They make less than one together: where all are in vain, the process still ends by
 * itself, and its exit code says whether finals are lost.
 */
const WAITS = { sessions: 0.5, queue: 0.32, made: 0.08, listener: 0.05 };

/** What sessions and queue are given: somewhat less than the wait for them, so that they end what they do by themselves. */
const LIMITS = { sessions: 0.4, queue: 0.28 };

/**
 * Everything from "not ready" on, which the caller has set. Every step has a limit, and one that fails does not keep the next
 * from being taken. Resolves within `limitMs` with the number of finals that neither database nor journal has. Never rejects.
 */
export async function shutDown(parts: ShutDownParts, limitMs: number): Promise<number> {
  const { clients, sessions, storage, made, listener, log } = parts;
  const attempt = async <Value>(what: string, share: number, act: () => Promise<Value> | Value) => {
    try {
      // What throws at once fails like what rejects later.
      return await deadline((async () => act())(), limitMs * share, what);
    } catch (error) {
      log.error("A step of the shutdown failed", { step: what, ...traceError(error) });
      return undefined;
    }
  };
  log.info("Draining", { sessions: sessions.count });
  await attempt("telling the clients", WAITS.sessions, () => clients.announceDrain());
  await attempt("waiting for the last finals", WAITS.sessions, () =>
    sessions.drain(limitMs * LIMITS.sessions),
  );
  storage.queue.stopFlushTimer();
  const flushed = await attempt("writing what waits", WAITS.queue, () =>
    storage.queue.flushAllPending(limitMs * LIMITS.queue),
  );
  const { kept, lost } = flushed ?? countUnflushed(storage);
  await attempt("ending the parts", WAITS.made, async () => {
    await made[Symbol.asyncDispose]();
  });
  await attempt("closing the listener", WAITS.listener, () => listener.stop());
  if (kept > 0) log.warn("The journal keeps finals for the next start", { count: kept });
  if (lost > 0)
    log.error("Finals are lost: neither database nor journal took them", { count: lost });
  log.info("Shut down");
  return lost;
}

function countUnflushed({ queue, journal }: ShutDownParts["storage"]): UnflushedFinals {
  const kept = journal.state.rows;
  return { kept, lost: queue.getQueueMetrics().queueLength - kept };
}
