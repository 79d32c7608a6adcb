import { eachAlone } from "../../kernel/each-alone.ts";
import { traceError } from "../../kernel/error-trace.ts";
import { AppError } from "../../kernel/errors.ts";
import type { Health } from "../../observe/health.ts";
import type { Log } from "../../observe/log.ts";
import type { Speaker } from "../../relay/ports.ts";
import type { SessionLimit, SessionRegistry } from "../../relay/session/session-registry.ts";
import type { Admitted } from "../door/admission.ts";
import type { MessageFeedDeps } from "./message-feed.ts";
import { Seat } from "./seat.ts";

export interface SeatDeskDeps extends MessageFeedDeps {
  readonly sessions: SessionRegistry;
  readonly health: Health;
}

export interface SeatDeskOptions {
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
export class SeatDesk {
  readonly #deps: SeatDeskDeps;
  readonly #options: SeatDeskOptions;
  readonly #seats = new Map<string, Seat>();
  #isUnjournaled = false;

  constructor(deps: SeatDeskDeps, options: SeatDeskOptions) {
    this.#deps = deps;
    this.#options = options;
  }

  /** Sessions that wait for their client. */
  get detachedCount(): number {
    let count = 0;
    for (const seat of this.#seats.values()) if (isWaiting(seat)) count += 1;
    return count;
  }

  /** The session to attach to, or why there is none. An id that nobody knows any more leads to a new session. */
  enter(admitted: Admitted, log: Log): Seat | AppError {
    const { resume } = admitted;
    const known = resume === undefined ? undefined : this.#seats.get(resume.id);
    if (known?.isResumable !== true) return this.#create(admitted, log);
    return obstacleTo(known, admitted) ?? known;
  }

  /** Ends graces, and forgets what nobody can come back to. Called about once a second. */
  sweep(nowMs: number): void {
    this.#forEach((seat) => {
      seat.sweep(nowMs);
      if (!seat.isOver) return;
      this.#seats.delete(seat.resumeId);
      seat.feed.clear();
    });
  }

  announceDrain(): void {
    this.#forEach((seat) => seat.drain());
  }

  announceJournaling(isUnjournaled: boolean): void {
    this.#isUnjournaled = isUnjournaled;
    this.#forEach((seat) => seat.tellJournaling(isUnjournaled));
  }

  #create(admitted: Admitted, log: Log): Seat | AppError {
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
    const seat = new Seat(
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
    if (this.#isUnjournaled) seat.tellJournaling(true);
    this.#seats.set(seat.resumeId, seat);
    return seat;
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
  #release(...conditions: readonly ((seat: Seat) => boolean)[]): void {
    this.#forEach((seat) => {
      if (conditions.every((isMet) => isMet(seat))) seat.abandon("client-gone");
    });
  }

  /** R24: a seat that fails ends its own session. */
  #forEach(act: (seat: Seat) => void): void {
    eachAlone(this.#seats.values(), act, (seat, error) => {
      this.#deps.log.error("A session failed on our side", traceError(error));
      seat.crash(error);
    });
  }
}

/** A stolen id is worth nothing: only its own speaker may use it, and hears what is wrong with the rest. */
function obstacleTo(seat: Seat, { speaker, recognition }: Admitted): AppError | undefined {
  if (!isSameSpeaker(seat.speaker, speaker)) {
    return new AppError("resume-refused", "expected a token of the session that is resumed");
  }
  const { encoding, sampleRate } = seat.recognition.audio;
  const { audio } = recognition;
  if (audio.encoding === encoding && audio.sampleRate === sampleRate) return undefined;
  return new AppError(
    "request-invalid",
    `expected the session's own audio, ${encoding} with sample_rate ${sampleRate}`,
  );
}

function isDetached(seat: Seat): boolean {
  return seat.detachedSinceMs !== undefined && seat.isResumable;
}

/** One whose session has ended takes nobody's place. */
function isWaiting(seat: Seat): boolean {
  return isDetached(seat) && !seat.feed.hasEnded;
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
