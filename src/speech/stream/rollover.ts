import type { Tallies } from "../../observe/metrics.ts";
import type { Utterance } from "../../relay/ports.ts";
import type { SourceAudio } from "../audio/source-audio.ts";
import type { HeardFinals } from "../finals/heard-finals.ts";
import type { SessionGrant } from "../provider-adapter.ts";
import type { ProviderStreamLimits } from "../stream-limits.ts";
import type { ProviderSession } from "./provider-session.ts";

export interface RolloverDeps {
  /** Asks for a provider session. */
  readonly request: () => Promise<SessionGrant>;
  /** A provider session for it, not connected. */
  readonly createSession: (grant: SessionGrant) => ProviderSession;
  readonly source: SourceAudio<ProviderSession>;
  readonly finals: HeardFinals;
  readonly tallies: Tallies;
  /** R24: the session could not be made or connected, which is a bug. Must not throw. */
  readonly onFailed: (error: unknown) => void;
}

/** Of a provider session's age. */
type RolloverLimits = Pick<ProviderStreamLimits, "rolloverMs" | "rolloverLatestMs">;

/** Between two requests for the next session. */
const RETRY_MS = 20_000;

/** The old session has this long for its last finals. */
const RETIRE_MS = 15_000;

/** A session that the source has left, and that finishes what was said before. */
interface Retiring {
  readonly session: ProviderSession;
  /** What it says of later audio is said by its successor. In seconds of the source. */
  readonly cutSeconds: number;
  readonly untilMs: number;
}

/**
 * Changes to a new provider session before the present one grows too old (R13), between two utterances where there is such a
 * moment.
 *
 * Modes: waiting for the age → preparing (a session is asked for and connected) → retiring (the source goes on in it; the old one
 * has fifteen seconds for its last finals) → waiting. `stop` ends it in each of them.
 */
export class Rollover {
  readonly #deps: RolloverDeps;
  readonly #limits: RolloverLimits;
  #next: ProviderSession | undefined;
  #retiring: Retiring | undefined;
  #isRequesting = false;
  #requestAtMs = 0;
  #isStopped = false;

  constructor(deps: RolloverDeps, limits: RolloverLimits) {
    this.#deps = deps;
    this.#limits = limits;
  }

  /** Changes the source's session if the time has come, and sees to it that there is another one then. True when it changed. */
  advance(nowMs: number): boolean {
    const { source } = this.#deps;
    const old = source.hearing;
    if (old === undefined) return false;
    const ageMs = nowMs - old.createdAtMs;
    if (ageMs < this.#limits.rolloverMs) return false;
    if (this.#next === undefined) this.#prepare(nowMs);
    const next = this.#next;
    const isQuiet = old.utterances.oldest === undefined && old.cursor === source.end;
    const isTime = isQuiet || ageMs >= this.#limits.rolloverLatestMs;
    if (next?.isOpen !== true || !isTime) return false;
    this.#next = undefined;
    this.#cutOver(old, next, nowMs);
    return true;
  }

  /** Whether an utterance is its session's to report: of what lies behind the cut the old one says nothing any more. */
  counts(session: ProviderSession, utterance: Utterance): boolean {
    const retiring = this.#retiring;
    return session !== retiring?.session || !isBehind(utterance, retiring.cutSeconds);
  }

  /** True when the session that was lost is one that is being prepared, or retires: the stream's own goes on. */
  lose(session: ProviderSession): boolean {
    if (session === this.#next) {
      // Another one is asked for later.
      this.#next = undefined;
      return true;
    }
    if (session !== this.#retiring?.session) return false;
    this.retire();
    return true;
  }

  sweep(nowMs: number): void {
    if (this.#retiring !== undefined && nowMs >= this.#retiring.untilMs) this.retire();
  }

  /** The old session, if there is one, is waited for no longer. */
  retire(): void {
    const retiring = this.#retiring;
    this.#retiring = undefined;
    if (retiring === undefined) return;
    retiring.session.release();
    this.#deps.finals.setAside(retiring.session);
  }

  /** Lets go of both sessions. */
  stop(): void {
    this.#isStopped = true;
    this.#next?.release();
    this.#next = undefined;
    this.#retiring?.session.release();
    this.#retiring = undefined;
  }

  #cutOver(old: ProviderSession, next: ProviderSession, nowMs: number): void {
    const { source, finals, tallies } = this.#deps;
    this.retire();
    // Somebody may have begun to speak without a partial yet: also a quiet moment begins where the last final ends.
    const cut = source.replayStart;
    const cutSeconds = cut / source.bytesPerSecond;
    this.#retiring = { session: old, cutSeconds, untilMs: nowMs + RETIRE_MS };
    finals.withdraw(old.utterances.unfinished.filter((partial) => isBehind(partial, cutSeconds)));
    old.requestStop();
    next.startAt(cut);
    source.changeTo(next);
    tallies.provider_rollovers += 1;
  }

  #prepare(nowMs: number): void {
    if (this.#isRequesting || nowMs < this.#requestAtMs) return;
    this.#requestAtMs = nowMs + RETRY_MS;
    this.#isRequesting = true;
    const settle = (grant: SessionGrant | undefined) => {
      this.#isRequesting = false;
      if (grant === undefined || this.#isStopped) return;
      this.#next = this.#deps.createSession(grant);
      this.#next.connect();
    };
    // A failure is no event yet: the present session goes on, and the next turn that is due asks again.
    this.#deps
      .request()
      .then(settle, () => settle(undefined))
      .catch(this.#deps.onFailed);
  }
}

/** By its middle: an utterance that the cut goes through belongs to the session that has heard more of it. */
function isBehind({ startSeconds, endSeconds }: Utterance, cutSeconds: number): boolean {
  return (startSeconds + endSeconds) / 2 >= cutSeconds;
}
