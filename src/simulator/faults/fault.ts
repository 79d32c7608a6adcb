/**
 * What can go wrong, as plain values: a script of them can be drawn from a seed, printed and run
 * again.
 */

/**
 * Befalls the next `count` requests of its kind that come. Several faults for one kind of request
 * take their turns in the order in which they were given.
 */
export type DoorFault =
  | {
      readonly kind: "refuse-posts";
      readonly count: number;
      readonly status: number;
      /** Sets the Retry-After header. */
      readonly retryAfterSeconds?: number;
    }
  /** The answer takes `holdMs` longer. No session is made for a client that is gone by then. */
  | { readonly kind: "hang-posts"; readonly count: number; readonly holdMs: number }
  | { readonly kind: "refuse-handshakes"; readonly count: number; readonly status: number }
  /** The handshake succeeds and the socket is closed at once. */
  | { readonly kind: "close-after-open"; readonly count: number; readonly code: number };

/** Befalls every session that has not ended. */
export type SessionFault =
  /**
   * Closes the socket. With 1000 and 4400 to 4499 the session ends unseen; otherwise it can be
   * resumed.
   */
  | { readonly kind: "close"; readonly code: number }
  /** The provider ends the session: trailing finals, then `code`. */
  | { readonly kind: "end"; readonly code: number }
  /** The socket breaks and the session ends unseen: its URL opens and is closed with 4403. */
  | { readonly kind: "vanish" };

/** Befalls every socket that is open, for as long as it is: the next one is sound again. */
export type SocketFault =
  /** Breaks without a close frame. */
  | { readonly kind: "terminate" }
  /** Half-open: nothing is read or said any more. It breaks after `dropMs`; `Infinity`: never. */
  | { readonly kind: "freeze"; readonly dropMs: number }
  /** The next `count` chunks of audio are heard and never acknowledged. */
  | { readonly kind: "lose-acknowledgments"; readonly count: number }
  | { readonly kind: "delay-acknowledgments"; readonly delayMs: number }
  /** No message for `holdMs`, then all of them. */
  | { readonly kind: "stall"; readonly holdMs: number }
  /** The last partial of each utterance comes after its final. */
  | { readonly kind: "reorder-partials" }
  | { readonly kind: "say"; readonly what: Oddity };

/** A frame that no client expects: not JSON, of an unknown type, of two million characters. */
export type Oddity = "malformed" | "unknown" | "huge";

export type Fault = DoorFault | SessionFault | SocketFault;

export interface ScriptedFault {
  /**
   * Strikes right after the frame that brings all sockets together to this many bytes. Frames count
   * as they come, those that nobody reads among them.
   */
  readonly afterBytes: number;
  readonly fault: Fault;
}
