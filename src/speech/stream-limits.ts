/** What a stream waits for, and how long; each provider's folder has the numbers that suit it. All in milliseconds. */
export interface ProviderStreamLimits {
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
  /** From this age on a provider session is replaced as soon as nobody speaks (R13). */
  readonly rolloverMs: number;
  /** At this age it is replaced in the middle of an utterance too. */
  readonly rolloverLatestMs: number;
}
