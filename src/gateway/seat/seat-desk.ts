import { eachAlone } from "../../kernel/each-alone.ts";
import { traceError } from "../../kernel/error-trace.ts";
import { AppError } from "../../kernel/errors.ts";
import { monotonicMs } from "../../kernel/timers.ts";
import type { Watchable } from "../../kernel/watched.ts";
import type { Health } from "../../observe/health.ts";
import type { Log } from "../../observe/log.ts";
import type { Speaker } from "../../relay/ports.ts";
import type { SessionLimit, SessionRegistry } from "../../relay/session/session-registry.ts";
import { Session } from "../../relay/session/session.ts";
import type { Admitted } from "../door/admission.ts";
import { MessageFeed, type MessageFeedDeps } from "./message-feed.ts";
import { Seat } from "./seat.ts";

export interface SeatDeskDeps extends MessageFeedDeps {
  readonly sessions: SessionRegistry;
  readonly health: Health;
  /** Whether finals wait in memory alone; every session's client is told when that changes (R6). */
  readonly isUnjournaled: Watchable<boolean>;
}

export interface SeatDeskOptions {
  /** A client that was cut off may come back for so long (R21); 0 waits for nobody. */
  readonly graceMs: number;
}

/** Why there is no seat for a new session. */
type Obstacle = SessionLimit | "not-ready";

const OBSTACLE_MESSAGES: Readonly<Record<Obstacle, string>> = {
  draining: "the server restarts: connect again",
  "not-ready": "the gateway takes no new sessions at the moment",
  "capacity-exhausted": "expected a free session of the gateway, got none",
  "memory-exhausted": "expected memory for a further session, got none",
  "subject-limit": "expected a free session of this subject, got none",
  "call-limit": "expected a free session of this call, got none",
};

/** 192 bits: nobody finds one by trying (R21). */
const RESUME_ID_BYTES = 24;

/**
 * Where a connection gets its seat: that of a new session within the limits, or the one that it was cut off from (R21).
 *
 * A seat is here from its session's start until nobody can come back to it.
 */
export class SeatDesk {
  readonly #deps: SeatDeskDeps;
  readonly #options: SeatDeskOptions;
  /** By their resume ids, in the order in which their sessions began. */
  readonly #seats = new Map<string, Seat>();

  constructor(deps: SeatDeskDeps, options: SeatDeskOptions) {
    this.#deps = deps;
    this.#options = options;
    deps.isUnjournaled.watch((isUnjournaled) => {
      this.#forEach(({ feed }) => feed.showJournaling(isUnjournaled));
    });
  }

  /** Sessions that wait for their client. */
  get detachedCount(): number {
    let count = 0;
    for (const seat of this.#seats.values()) if (seat.isWaiting) count += 1;
    return count;
  }

  /** The seat to attach to, or why there is none. An id that nobody knows any more leads to a new session. */
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

  /** The process paused for so long, until this moment. */
  forgivePause(pausedMs: number, nowMs: number): void {
    this.#forEach((seat) => seat.forgivePause(pausedMs, nowMs));
  }

  announceDrain(): void {
    this.#forEach(({ feed }) => feed.showDraining());
  }

  #create(admitted: Admitted, log: Log): Seat | AppError {
    const { sessions, health, metrics } = this.#deps;
    const { speaker, recognition } = admitted;
    // A process that drains is not ready either, but whoever comes may come back to its successor at once.
    if (sessions.isDraining) return refusal("draining");
    if (!health.readiness().ready) return refusal("not-ready");
    // Whoever begins anew does not come back to what it began before.
    this.#abandonEach((seat) => seat.isDetached && isSameSpeaker(seat.speaker, speaker));
    const resumeId = createResumeId();
    const { audio } = recognition;
    const feed = new MessageFeed(this.#deps, {
      resumeId,
      sessionSlug: speaker.sessionSlug,
      audio,
    });
    if (this.#deps.isUnjournaled.value) feed.showJournaling(true);
    const session = sessions.open(speaker, recognition, feed, log);
    if (!(session instanceof Session)) {
      this.#makeRoom(session, speaker);
      return refusal(session);
    }
    const { graceMs } = this.#options;
    const seat = new Seat(
      { session, feed, metrics },
      { resumeId, speaker, recognition, graceMs },
      monotonicMs(),
    );
    this.#seats.set(resumeId, seat);
    return seat;
  }

  /** Those who are there go before those who may come back: the place is free when the client tries again. */
  #makeRoom(limit: SessionLimit, speaker: Speaker): void {
    let isFound = false;
    this.#abandonEach((seat) => {
      if (isFound || !seat.isWaiting) return false;
      isFound =
        (limit !== "subject-limit" || seat.speaker.subject === speaker.subject) &&
        (limit !== "call-limit" || seat.speaker.sessionSlug === speaker.sessionSlug);
      return isFound;
    });
  }

  /** Gives up those sessions without a client that `isMeant` names, in the order in which they began. */
  #abandonEach(isMeant: (seat: Seat) => boolean): void {
    this.#forEach((seat) => {
      if (isMeant(seat)) seat.abandon("client-gone");
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

function refusal(obstacle: Obstacle): AppError {
  return new AppError(obstacle, OBSTACLE_MESSAGES[obstacle]);
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
