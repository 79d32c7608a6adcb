import { every, monotonicMs, type RunningTimer } from "../../kernel/timers.ts";
import type { Log } from "../../observe/log.ts";
import type { Metrics } from "../../observe/metrics.ts";
import type { MemoryBudget } from "../memory-budget.ts";
import type { OwnerFeed, Speaker, SpeechProvider, TranscriptSink } from "../ports.ts";
import type { RecognitionOptions } from "../recognition/recognition-options.ts";
import type { ProviderSessionRecord } from "../recovery/provider-session-record.ts";
import { Session, type SessionLimits } from "./session.ts";

export interface SessionRegistryDeps {
  readonly provider: SpeechProvider;
  readonly sink: TranscriptSink;
  readonly record: ProviderSessionRecord;
  readonly metrics: Metrics;
  /** What the sessions keep together. */
  readonly memory: Pick<MemoryBudget, "isTight">;
}

export interface SessionRegistryOptions {
  /** Sessions of the whole process. */
  readonly sessionsMax: number;
  /** Sessions of one token subject. */
  readonly sessionsPerSubjectMax: number;
  /** Sessions of one call: everybody who speaks in it. */
  readonly sessionsPerCallMax: number;
  readonly limits: SessionLimits;
}

/** Why a session is not opened. */
export type SessionLimit =
  | "draining"
  | "capacity-exhausted"
  | "memory-exhausted"
  | "subject-limit"
  | "call-limit";

/** What was kept for the provider goes out in turns of this length; deadlines are seconds long. */
const SWEEP_MS = 100;

/** A sweep that is later than this had no process to run in. */
const LATE_MS_MAX = 1000;

/**
 * All sessions of the process: admits them by count, sweeps their deadlines with one timer, and drains them together.
 *
 * A session is counted from `open` until its end is reported. Modes: open → draining (no new sessions) → stopped.
 */
export class SessionRegistry {
  readonly #deps: SessionRegistryDeps;
  readonly #options: SessionRegistryOptions;
  readonly #sessions = new Set<Session>();
  readonly #countBySubject = new Map<string, number>();
  readonly #countByCall = new Map<string, number>();
  readonly #sweep: RunningTimer;
  /** Set while draining. */
  #whenEmpty: PromiseWithResolvers<void> | undefined;

  constructor(deps: SessionRegistryDeps, options: SessionRegistryOptions) {
    this.#deps = deps;
    this.#options = options;
    let isPutOff = false;
    let sweptAtMs = monotonicMs();
    this.#sweep = every(SWEEP_MS, () => {
      const nowMs = monotonicMs();
      const isLate = nowMs - sweptAtMs > SWEEP_MS + LATE_MS_MAX;
      sweptAtMs = nowMs;
      // After a pause of the process, what was said meanwhile is heard first: neither client nor provider was silent. Where every
      // sweep is late, only every other one is put off.
      isPutOff = isLate && !isPutOff;
      if (isPutOff) return;
      for (const session of this.#sessions) session.sweep(nowMs);
    });
  }

  get count(): number {
    return this.#sessions.size;
  }

  get isDraining(): boolean {
    return this.#whenEmpty !== undefined;
  }

  /**
   * Starts a session that belongs to `client`, or names the limit that it would break; that of the process before the speaker's
   * own. The client may be told things before this returns, its session's end included.
   */
  open(
    speaker: Speaker,
    recognition: RecognitionOptions,
    client: OwnerFeed,
    log: Log,
  ): Session | SessionLimit {
    const limit = this.#limitReachedBy(speaker);
    if (limit !== undefined) return limit;
    const { provider, sink, record, metrics } = this.#deps;
    const session = new Session(
      {
        provider,
        sink,
        record,
        client,
        log,
        tallies: metrics.tallies,
        onEnded: (ended, cause) => this.#remove(ended, cause),
      },
      { speaker, recognition, limits: this.#options.limits },
    );
    this.#sessions.add(session);
    countOne(this.#countBySubject, speaker.subject);
    countOne(this.#countByCall, speaker.sessionSlug);
    session.start();
    return session;
  }

  /** Asks every session to finish and resolves when all have ended; each ends within `limitMs` and a sweep. */
  async drain(limitMs: number): Promise<void> {
    this.#whenEmpty ??= Promise.withResolvers<void>();
    for (const session of this.#sessions) session.requestStop("drain", limitMs);
    if (this.#sessions.size === 0) this.#whenEmpty.resolve();
    await this.#whenEmpty.promise;
  }

  /** Stops the sweep. Sessions that are still there are not told. */
  stop(): void {
    this.#sweep.stop();
  }

  #limitReachedBy({ subject, sessionSlug }: Speaker): SessionLimit | undefined {
    // Whoever was admitted just before the drain arrives here just after it, and nobody would stop that session.
    if (this.isDraining) return "draining";
    const { sessionsMax, sessionsPerSubjectMax, sessionsPerCallMax } = this.#options;
    if (this.#sessions.size >= sessionsMax) return "capacity-exhausted";
    if (this.#deps.memory.isTight) return "memory-exhausted";
    const ofSubject = this.#countBySubject.get(subject) ?? 0;
    if (ofSubject >= sessionsPerSubjectMax) return "subject-limit";
    const ofCall = this.#countByCall.get(sessionSlug) ?? 0;
    return ofCall >= sessionsPerCallMax ? "call-limit" : undefined;
  }

  #remove(session: Session, cause: string): void {
    this.#sessions.delete(session);
    discountOne(this.#countBySubject, session.speaker.subject);
    discountOne(this.#countByCall, session.speaker.sessionSlug);
    this.#deps.metrics.count("session_ends", cause);
    if (this.#sessions.size === 0) this.#whenEmpty?.resolve();
  }
}

function countOne(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** Forgets a key without sessions: there are as many entries as sessions at most. */
function discountOne(counts: Map<string, number>, key: string): void {
  const count = counts.get(key) ?? 0;
  if (count <= 1) counts.delete(key);
  else counts.set(key, count - 1);
}
