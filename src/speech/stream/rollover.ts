import type { LiveSession } from "../gladia/gladia-api.ts";
import type { LiveLink } from "./provider-session.ts";

export interface SessionRolloverDeps {
  /** Asks for a provider session. */
  readonly request: () => Promise<LiveSession>;
  /** A link for it, not connected. */
  readonly createLink: (session: LiveSession) => LiveLink;
  /** R24: the link could not be made or connected, which is a bug. Must not throw. */
  readonly onFailed: (error: unknown) => void;
}

/** In milliseconds of a provider session's age. */
export interface RolloverLimits {
  /** From this age on it is replaced as soon as nobody speaks. */
  readonly rolloverMs: number;
  /** At this age it is replaced in the middle of an utterance too. */
  readonly rolloverLatestMs: number;
}

/** Between two requests for the next session. */
const RETRY_MS = 20_000;

/** Has the next provider session ready before the present one grows too old (R13). */
export class SessionRollover {
  readonly #deps: SessionRolloverDeps;
  readonly #limits: RolloverLimits;
  #next: LiveLink | undefined;
  #isRequesting = false;
  #requestAtMs = 0;
  #isStopped = false;

  constructor(deps: SessionRolloverDeps, limits: RolloverLimits) {
    this.#deps = deps;
    this.#limits = limits;
  }

  /** The link to change to now, if the time has come. It is the caller's from then on. */
  takeDue(link: LiveLink, isQuiet: boolean, nowMs: number): LiveLink | undefined {
    const ageMs = nowMs - link.createdAtMs;
    if (ageMs < this.#limits.rolloverMs) return undefined;
    if (this.#next === undefined) this.#prepare(nowMs);
    const isTime = isQuiet || ageMs >= this.#limits.rolloverLatestMs;
    if (this.#next?.isOpen !== true || !isTime) return undefined;
    const next = this.#next;
    this.#next = undefined;
    return next;
  }

  /** True when it was the link that is being prepared: it is given up, and another one asked for later. */
  lose(link: LiveLink): boolean {
    if (link !== this.#next) return false;
    this.#next = undefined;
    return true;
  }

  stop(): void {
    this.#isStopped = true;
    this.#next?.release();
    this.#next = undefined;
  }

  #prepare(nowMs: number): void {
    if (this.#isRequesting || nowMs < this.#requestAtMs) return;
    this.#requestAtMs = nowMs + RETRY_MS;
    this.#isRequesting = true;
    const settle = (session: LiveSession | undefined) => {
      this.#isRequesting = false;
      if (session === undefined || this.#isStopped) return;
      this.#next = this.#deps.createLink(session);
      this.#next.connect();
    };
    // A failure is no event yet: the present session goes on, and the next turn that is due asks again.
    this.#deps
      .request()
      .then(settle, () => settle(undefined))
      .catch(this.#deps.onFailed);
  }
}
