/** What the provider still knows of a session that is over, in words that all sides share. */

/** One final of one provider session. */
export interface RecoveredFinal {
  /** Unique within its provider session only. */
  readonly utteranceId: string;
  /** Trimmed. */
  readonly text: string;
  /** Seconds of audio since the provider session's first byte. */
  readonly startSeconds: number;
  readonly endSeconds: number;
  readonly language: string | undefined;
  /** 0 to 1. */
  readonly confidence: number | undefined;
}

/** One final in another language. */
export interface RecoveredTranslation {
  /** Of the final that it translates. */
  readonly utteranceId: string;
  /** Trimmed. */
  readonly text: string;
  readonly language: string;
  /** Of the original, in seconds as above. */
  readonly startSeconds: number;
  readonly endSeconds: number;
}

/**
 * Why there are no finals:
 * - unfinished: the provider still works on the session, or waits for its client to come back
 * - unreachable: no answer, or none that can be read
 * - refused: the key is not accepted, or not for this
 * - unknown: the provider has no such session
 * - not-kept: the session is over, and its messages were not kept
 * - too-large: the answer is beyond every session that speech could fill
 * - aborted: nobody waits for the answer any more
 */
export type RecoveryObstacle =
  | "unfinished"
  | "unreachable"
  | "refused"
  | "unknown"
  | "not-kept"
  | "too-large"
  | "aborted";

/** When it is worth asking again: in a moment, at the process's next start, or not at all. */
export const OUTLOOK: Readonly<Record<RecoveryObstacle, "soon" | "later" | "never">> = {
  unfinished: "soon",
  unreachable: "soon",
  refused: "later",
  aborted: "later",
  unknown: "never",
  "not-kept": "never",
  "too-large": "never",
};

export interface Unavailable {
  readonly kind: "unavailable";
  readonly reason: RecoveryObstacle;
}

/** In the order in which the provider reported them. */
export interface FoundFinals {
  readonly kind: "found";
  readonly finals: readonly RecoveredFinal[];
  readonly translations: readonly RecoveredTranslation[];
}

export type Recovery = FoundFinals | Unavailable;
