/**
 * The life of a session as a pure machine: a table, no clock, no I/O. `session.ts` performs the actions.
 *
 * States:
 * - opening: the provider was asked for a stream; audio is kept by it
 * - live: audio goes up, transcripts come down; the stream sees to outages of the provider by itself
 * - finishing: no more audio; the provider's trailing finals are awaited (R15)
 * - settling: the stream is over; finals that came last are being kept, and are shown before the end is (R1)
 * - ended: final; nothing happens any more
 */
export type SessionState = "opening" | "live" | "finishing" | "settling" | "ended";

export type SessionEvent =
  /** The provider hears. */
  | "stream-ready"
  /** The provider is done and has reported everything, or it refused, or was lost for good. */
  | "stream-ended"
  /** Every final that came is kept and shown. */
  | "finals-kept"
  /** The client stopped, left, or the process drains. */
  | "stop-requested"
  /** The state lasted longer than it may. */
  | "deadline-passed"
  /** The session must go now: a broken rule, a bug, a process that ends. */
  | "aborted";

export type SessionAction =
  | "tell-ready"
  | "finish-stream"
  | "abort-stream"
  /** Goes on with "finals-kept" when no final is being kept. */
  | "await-finals"
  /** Unless the session has failed, nobody need ask the provider for its finals. */
  | "close-record"
  /** Tells client and owner that it is over. Always the last action, exactly once in a session's life. */
  | "end";

export interface Transition {
  readonly next: SessionState;
  readonly actions: readonly SessionAction[];
}

const SETTLE: Transition = { next: "settling", actions: ["await-finals"] };
const ABORT: Transition = { next: "ended", actions: ["abort-stream", "end"] };

function stay(state: SessionState): Transition {
  return { next: state, actions: [] };
}

const TRANSITIONS: Readonly<Record<SessionState, Readonly<Record<SessionEvent, Transition>>>> = {
  opening: {
    "stream-ready": { next: "live", actions: ["tell-ready"] },
    "stream-ended": SETTLE,
    "finals-kept": stay("opening"),
    "stop-requested": { next: "finishing", actions: ["finish-stream"] },
    "deadline-passed": ABORT,
    aborted: ABORT,
  },
  live: {
    "stream-ready": stay("live"),
    "stream-ended": SETTLE,
    "finals-kept": stay("live"),
    "stop-requested": { next: "finishing", actions: ["finish-stream"] },
    // A live session has no limit of its own: the token's end and the client's idle limit are the gateway's.
    "deadline-passed": stay("live"),
    aborted: ABORT,
  },
  finishing: {
    // The client stopped before the provider was ready: what it said is heard now.
    "stream-ready": { next: "finishing", actions: ["tell-ready"] },
    "stream-ended": SETTLE,
    "finals-kept": stay("finishing"),
    "stop-requested": stay("finishing"),
    "deadline-passed": ABORT,
    aborted: ABORT,
  },
  settling: {
    "stream-ready": stay("settling"),
    "stream-ended": stay("settling"),
    "finals-kept": { next: "ended", actions: ["close-record", "end"] },
    "stop-requested": stay("settling"),
    "deadline-passed": { next: "ended", actions: ["end"] },
    aborted: { next: "ended", actions: ["end"] },
  },
  ended: {
    "stream-ready": stay("ended"),
    "stream-ended": stay("ended"),
    "finals-kept": stay("ended"),
    "stop-requested": stay("ended"),
    "deadline-passed": stay("ended"),
    aborted: stay("ended"),
  },
};

export function transition(state: SessionState, event: SessionEvent): Transition {
  return TRANSITIONS[state][event];
}
