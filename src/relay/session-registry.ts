import { every, type RunningTimer } from "../kernel/timers.ts";
import type { Log } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";
import type {
  ClientLink,
  LiveSessionRecord,
  RecognitionOptions,
  Speaker,
  SpeechProvider,
  TranscriptSink,
} from "./ports.ts";
import { Session, type SessionLimits } from "./session.ts";

export interface SessionRegistryDeps {
  readonly provider: SpeechProvider;
  readonly sink: TranscriptSink;
  readonly record: LiveSessionRecord;
  readonly metrics: Metrics;
}

export interface SessionRegistryOptions {
  /** Sessions of the whole process. */
  readonly sessionsMax: number;
  /** Sessions of one token subject. */
  readonly sessionsPerSubjectMax: number;
  readonly limits: SessionLimits;
}

/** Why a session is not opened. */
export type SessionLimit = "draining" | "capacity-exhausted" | "subject-limit";

/** What was kept for the provider goes out in turns of this length; deadlines are seconds long. */
const SWEEP_MS = 100;

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
  readonly #sweep: RunningTimer;
  /** Set while draining. */
  #whenEmpty: PromiseWithResolvers<void> | undefined;

  constructor(deps: SessionRegistryDeps, options: SessionRegistryOptions) {
    this.#deps = deps;
    this.#options = options;
    this.#sweep = every(SWEEP_MS, () => {
      const now = Date.now();
      for (const session of this.#sessions) session.sweep(now);
    });
  }

  get count(): number {
    return this.#sessions.size;
  }

  /** Which limit a further session of this subject would break. */
  limitReachedBy(subject: string): SessionLimit | undefined {
    // Whoever was admitted just before the drain arrives here just after it, and nobody would stop that session.
    if (this.#whenEmpty !== undefined) return "draining";
    if (this.#sessions.size >= this.#options.sessionsMax) return "capacity-exhausted";
    const count = this.#countBySubject.get(subject) ?? 0;
    return count >= this.#options.sessionsPerSubjectMax ? "subject-limit" : undefined;
  }

  /** Starts a session that belongs to `client`. Whoever calls has asked `limitReachedBy` in the same turn. */
  open(speaker: Speaker, recognition: RecognitionOptions, client: ClientLink, log: Log): Session {
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
    const count = this.#countBySubject.get(speaker.subject) ?? 0;
    this.#countBySubject.set(speaker.subject, count + 1);
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

  #remove(session: Session, cause: string): void {
    this.#sessions.delete(session);
    const { subject } = session.speaker;
    const count = this.#countBySubject.get(subject) ?? 0;
    if (count <= 1) this.#countBySubject.delete(subject);
    else this.#countBySubject.set(subject, count - 1);
    this.#deps.metrics.count("session_ends", cause);
    if (this.#sessions.size === 0) this.#whenEmpty?.resolve();
  }
}
