/**
 * The life of a stream to the provider as a pure machine: a table, no clock, no I/O. `provider-stream.ts` does what a state
 * asks for.
 *
 * States:
 * - opening: the first provider session is being asked for or connected to
 * - live: a socket is open
 * - resuming: the socket is gone, the provider session lives on; its URL is being opened again
 * - replacing: the provider session is over; a new one is being asked for or connected to
 * - stopping: the provider was told that no more audio comes; its trailing finals and its close are awaited
 * - recovering: the provider is done; finals that were missed are being fetched
 * - ended: final; nothing happens any more
 */
export type StreamState =
  | "opening"
  | "live"
  | "resuming"
  | "replacing"
  | "stopping"
  | "recovering"
  | "ended";

export type StreamEvent =
  /** A socket is open. */
  | "opened"
  /** Everything has been sent and no more will come. */
  | "all-sent"
  /** The socket is gone or did not open; the session may live on. */
  | "lost"
  /** The provider session is over before its time, or cannot be reached any more. */
  | "expired"
  /** The provider session is over, and was asked to be. */
  | "finished"
  /** What was missed has been fetched, or cannot be. */
  | "recovered"
  /** Nobody waits any longer, or the provider refused for good. */
  | "given-up";

type Row = Readonly<Record<StreamEvent, StreamState>>;

const TRANSITIONS: Readonly<Record<StreamState, Row>> = {
  opening: {
    opened: "live",
    "all-sent": "opening",
    lost: "opening",
    expired: "opening",
    finished: "recovering",
    recovered: "opening",
    "given-up": "ended",
  },
  live: {
    opened: "live",
    "all-sent": "stopping",
    lost: "resuming",
    expired: "replacing",
    finished: "recovering",
    recovered: "live",
    "given-up": "ended",
  },
  resuming: {
    opened: "live",
    "all-sent": "resuming",
    lost: "resuming",
    expired: "replacing",
    finished: "recovering",
    recovered: "resuming",
    "given-up": "ended",
  },
  replacing: {
    opened: "live",
    "all-sent": "replacing",
    lost: "replacing",
    expired: "replacing",
    finished: "recovering",
    recovered: "replacing",
    "given-up": "ended",
  },
  stopping: {
    opened: "stopping",
    "all-sent": "stopping",
    lost: "resuming",
    expired: "replacing",
    finished: "recovering",
    recovered: "stopping",
    "given-up": "ended",
  },
  recovering: {
    opened: "recovering",
    "all-sent": "recovering",
    lost: "recovering",
    expired: "recovering",
    finished: "recovering",
    recovered: "ended",
    "given-up": "ended",
  },
  ended: {
    opened: "ended",
    "all-sent": "ended",
    lost: "ended",
    expired: "ended",
    finished: "ended",
    recovered: "ended",
    "given-up": "ended",
  },
};

export function nextState(state: StreamState, event: StreamEvent): StreamState {
  return TRANSITIONS[state][event];
}
