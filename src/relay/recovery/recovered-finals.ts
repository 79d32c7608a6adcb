/** What a provider still knows of a session that is over, and when it is worth asking for it. */
import { backoffMs, type BackoffOptions } from "../../kernel/backoff.ts";
import { sleep } from "../../kernel/timers.ts";
import type { SpokenTranslation, SpokenUtterance } from "../ports.ts";

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
  readonly finals: readonly SpokenUtterance[];
  readonly translations: readonly SpokenTranslation[];
}

export type Recovery = FoundFinals | Unavailable;

/** Asks the provider once for the finals of a provider session; "aborted" where `signal` is. Never rejects. */
export type AskForFinals = (providerSessionId: string, signal: AbortSignal) => Promise<Recovery>;

export interface RecoveryPace extends BackoffOptions {
  /** Questions in all, the first one included. */
  readonly attemptsMax: number;
}

/**
 * For whoever waits for the answer: the provider's last message comes about a second after a stop, and half a minute is as
 * long as anybody waits for a caption.
 */
export const RECOVERY_PACE: RecoveryPace = { attemptsMax: 6, firstMs: 1000, mostMs: 8000 };

/** Asks until there is an answer, `pace` allows no more, or `signal` aborts. Never rejects. */
export async function askUntilAnswered(
  ask: AskForFinals,
  providerSessionId: string,
  signal: AbortSignal,
  pace: RecoveryPace = RECOVERY_PACE,
): Promise<Recovery> {
  for (let attempt = 1; ; attempt += 1) {
    const recovery = await ask(providerSessionId, signal);
    const isPassing = recovery.kind === "unavailable" && OUTLOOK[recovery.reason] === "soon";
    if (!isPassing || attempt >= pace.attemptsMax) return recovery;
    await sleep(backoffMs(attempt, pace), signal);
  }
}
