import { eachAlone } from "../../kernel/each-alone.ts";
import { traceError } from "../../kernel/error-trace.ts";
import { AppError } from "../../kernel/errors.ts";
import type { Watchable } from "../../kernel/watched.ts";
import type { Health } from "../../observe/health.ts";
import type { Log } from "../../observe/log.ts";
import type { Speaker } from "../../relay/ports.ts";
import type { SessionLimit, SessionRegistry } from "../../relay/session/session-registry.ts";
import type { Admitted } from "../door/admission.ts";
import type { MessageFeedDeps } from "./message-feed.ts";
import { SessionLink } from "./seat.ts";

export interface SessionDeskDeps extends MessageFeedDeps {
  readonly sessions: SessionRegistry;
  readonly health: Health;
  /** Whether finals wait in memory alone; every session's client is told when that changes (R6). */
  readonly isUnjournaled: Watchable<boolean>;
}

export interface SessionDeskOptions {
  /** A client that was cut off may come back for so long (R21); 0 waits for nobody. */
  readonly graceMs: number;
}

const LIMIT_MESSAGES: Readonly<Record<SessionLimit, string>> = {
  "capacity-exhausted": "expected a free session of the gateway, got none",
  "memory-exhausted": "expected memory for a further session, got none",
  "subject-limit": "expected a free session of this subject, got none",
  "call-limit": "expected a free session of this call, got none",
  draining: "the server restarts: connect again",
};

/** 192 bits: nobody finds one by trying (R21). */
const RESUME_ID_BYTES = 24;

/**
 * Where a connection gets its session: a new one within the limits, or the one that it was cut off from (R21).
 *
 * A session is here from its start until nobody can come back to it.
 */
export class SessionDesk {
  readonly #deps: SessionDeskDeps;
  readonly #options: SessionDeskOptions;
  readonly #links = new Map<string, SessionLink>();

  constructor(deps: SessionDeskDeps, options: SessionDeskOptions) {
    this.#deps = deps;
    this.#options = options;
    deps.isUnjournaled.watch((isUnjournaled) => {
      this.#forEach((link) => link.tellJournaling(isUnjournaled));
    });
  }

  /** Sessions that wait for their client. */
  get detachedCount(): number {
    let count = 0;
    for (const link of this.#links.values()) if (isWaiting(link)) count += 1;
    return count;
  }

  /** The session to attach to, or why there is none. An id that nobody knows any more leads to a new session. */
  enter(admitted: Admitted, log: Log): SessionLink | AppError {
    const { resume } = admitted;
    const known = resume === undefined ? undefined : this.#links.get(resume.id);
    if (known?.isResumable !== true) return this.#create(admitted, log);
    return obstacleTo(known, admitted) ?? known;
  }

  /** Ends graces, and forgets what nobody can come back to. Called about once a second. */
  sweep(nowMs: number): void {
    this.#forEach((link) => {
      link.sweep(nowMs);
      if (!link.isOver) return;
      this.#links.delete(link.resumeId);
      link.feed.clear();
    });
  }

  announceDrain(): void {
    this.#forEach((link) => link.drain());
  }

  #create(admitted: Admitted, log: Log): SessionLink | AppError {
    const { sessions, health } = this.#deps;
    const { speaker, recognition } = admitted;
    const limit = sessions.limitReachedBy(speaker);
    if (limit === "draining") return new AppError(limit, LIMIT_MESSAGES[limit]);
    if (!health.readiness().ready) {
      return new AppError("not-ready", "the gateway takes no new sessions at the moment");
    }
    // Whoever begins anew does not come back to what it began before.
    this.#release(isDetached, (detached) => isSameSpeaker(detached.speaker, speaker));
    if (limit !== undefined) {
      this.#makeRoom(limit, speaker);
      return new AppError(limit, LIMIT_MESSAGES[limit]);
    }
    const link = new SessionLink(
      this.#deps,
      {
        resumeId: createResumeId(),
        speaker,
        recognition,
        graceMs: this.#options.graceMs,
        openSession: (client) => sessions.open(speaker, recognition, client, log),
      },
      Date.now(),
    );
    if (this.#deps.isUnjournaled.value) link.tellJournaling(true);
    this.#links.set(link.resumeId, link);
    return link;
  }

  /** Those who are there go before those who may come back: the place is free when the client tries again. */
  #makeRoom(limit: SessionLimit, speaker: Speaker): void {
    let isFound = false;
    this.#release(isWaiting, (waiting) => {
      if (isFound) return false;
      isFound =
        (limit !== "subject-limit" || waiting.speaker.subject === speaker.subject) &&
        (limit !== "call-limit" || waiting.speaker.sessionSlug === speaker.sessionSlug);
      return isFound;
    });
  }

  /** Lets go of sessions without a client, in the order in which they began. */
  #release(...conditions: readonly ((link: SessionLink) => boolean)[]): void {
    this.#forEach((link) => {
      if (conditions.every((isMet) => isMet(link))) link.leave("client-gone");
    });
  }

  /** R24: a link that fails ends its own session. */
  #forEach(act: (link: SessionLink) => void): void {
    eachAlone(this.#links.values(), act, (link, error) => {
      this.#deps.log.error("A session failed on our side", traceError(error));
      link.crash(error);
    });
  }
}

/** A stolen id is worth nothing: only its own speaker may use it, and hears what is wrong with the rest. */
function obstacleTo(link: SessionLink, { speaker, recognition }: Admitted): AppError | undefined {
  if (!isSameSpeaker(link.speaker, speaker)) {
    return new AppError("resume-refused", "expected a token of the session that is resumed");
  }
  const { encoding, sampleRate } = link.recognition.audio;
  const { audio } = recognition;
  if (audio.encoding === encoding && audio.sampleRate === sampleRate) return undefined;
  return new AppError(
    "request-invalid",
    `expected the session's own audio, ${encoding} with sample_rate ${sampleRate}`,
  );
}

function isDetached(link: SessionLink): boolean {
  return link.detachedSinceMs !== undefined && link.isResumable;
}

/** One whose session has ended takes nobody's place. */
function isWaiting(link: SessionLink): boolean {
  return isDetached(link) && !link.feed.hasEnded;
}

export function isSameSpeaker(one: Speaker, other: Speaker): boolean {
  return (
    one.subject === other.subject &&
    one.sessionSlug === other.sessionSlug &&
    one.identity === other.identity
  );
}

function createResumeId(): string {
  return crypto.getRandomValues(Buffer.alloc(RESUME_ID_BYTES)).toString("base64url");
}
