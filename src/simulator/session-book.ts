import {
  SimulatedSession,
  type SimulatedSessionDeps,
  type SimulatedSessionOptions,
} from "./session/simulated-session.ts";

/** Ended sessions that can still be asked for; each holds the messages of one session. */
const ENDED_SESSIONS_MAX = 1000;

/** What all sessions of one simulator share. */
export type SessionBookDeps = Omit<SimulatedSessionDeps, "onEnded">;

/** Every session of one simulator, by id and by token; of those that ended, the latest. */
export class SessionBook {
  readonly #deps: SessionBookDeps;
  readonly #byId = new Map<string, SimulatedSession>();
  readonly #byToken = new Map<string, SimulatedSession>();
  /** In the order of their end. */
  readonly #ended: SimulatedSession[] = [];

  constructor(deps: SessionBookDeps) {
    this.#deps = deps;
  }

  /** Sessions that have not ended, with or without a socket. */
  get openCount(): number {
    return this.#byId.size - this.#ended.length;
  }

  /** In the order of their creation. */
  get sessions(): SimulatedSession[] {
    return [...this.#byId.values()];
  }

  open(options: SimulatedSessionOptions): SimulatedSession {
    const session: SimulatedSession = new SimulatedSession(
      { ...this.#deps, onEnded: () => this.#keepEnded(session) },
      options,
    );
    this.#byId.set(session.id, session);
    this.#byToken.set(session.token, session);
    return session;
  }

  findById(id: string): SimulatedSession | undefined {
    return this.#byId.get(id);
  }

  findByToken(token: string): SimulatedSession | undefined {
    return this.#byToken.get(token);
  }

  /** Stops the session, whatever it is doing, and forgets it. */
  remove(session: SimulatedSession): void {
    session.stop();
    this.#byId.delete(session.id);
    this.#byToken.delete(session.token);
    const index = this.#ended.indexOf(session);
    if (index !== -1) this.#ended.splice(index, 1);
  }

  #keepEnded(session: SimulatedSession): void {
    this.#ended.push(session);
    const oldest = this.#ended.length > ENDED_SESSIONS_MAX ? this.#ended[0] : undefined;
    if (oldest !== undefined) this.remove(oldest);
  }
}
