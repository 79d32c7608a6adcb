import type { AudioFormat } from "../../relay/ports.ts";
import type { RolloverLimits } from "./rollover.ts";

export interface GladiaStreamOptions {
  readonly audio: AudioFormat;
  readonly limits: GladiaStreamLimits;
}

/** All in milliseconds. */
export interface GladiaStreamLimits extends RolloverLimits {
  /** Audio kept until it is acknowledged and final. */
  readonly backlogMs: number;
  /** From its place in the account on, a stream has this long to be heard. */
  readonly readyMs: number;
  /** A socket has this long to open. */
  readonly openMs: number;
  /** A socket without an answer for this long, while one is due, counts as dead. */
  readonly stalledMs: number;
  /** A connection that lived this long was healthy: the next loss begins with the shortest wait. */
  readonly stableMs: number;
  /** An outage of the provider ends the stream after this long. */
  readonly outageMs: number;
  /** Finals that were missed are asked for during this time after the last word. */
  readonly recoverMs: number;
}

export const GLADIA_STREAM_LIMITS: GladiaStreamLimits = {
  // An outage of a minute costs no audio, and what was said just before it is there too.
  backlogMs: 75_000,
  readyMs: 15_000,
  // One request may take as long (`gladia-api.ts`).
  openMs: 10_000,
  // Acknowledgements come with every frame; five seconds without are no jitter.
  stalledMs: 5000,
  // LiveSuggest's rule for the live service, where a dead URL opens and closes at once.
  stableMs: 5000,
  outageMs: 15 * 60_000,
  // A session that is over answers within two seconds. One that was left half-open answers much later, and what it knows was
  // said again by its successor: its client's limit (`finishMs`) would be over before.
  recoverMs: 8000,
  // Gladia ends a live session after three hours.
  rolloverMs: 165 * 60_000,
  rolloverLatestMs: 172 * 60_000,
};
