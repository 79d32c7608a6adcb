import { unreachable } from "../../kernel/assert.ts";
import type { Log } from "../../observe/log.ts";
import type { Tallies } from "../../observe/metrics.ts";
import type { Utterance } from "../../relay/ports.ts";

/**
 * Why a final is not passed on:
 * - repeated: a replay, or another provider session, has reported that stretch of the source already
 * - superseded: the whole has taken its place, and it comes once more
 * - torn: it ends before it begins; each of its parts has a final of its own
 * - behind-cut: its provider session was left before that stretch, which the next one reports
 */
export type OmissionCause = "repeated" | "superseded" | "torn" | "behind-cut";

/** A provider rounds, and pads the last word a little: nobody needs to be told of it. */
const BEYOND_SECONDS_TOLD = 0.5;

export interface OmissionsDeps {
  readonly log: Log;
  readonly tallies: Tallies;
}

/**
 * What a stream does not believe its provider: finals that are left out by judgement, and times that are bounded. Everything is
 * counted; the log gets the first of each cause, and all together at the end.
 */
export class Omissions {
  readonly #deps: OmissionsDeps;
  readonly #counts: Partial<Record<OmissionCause, number>> = {};
  #isBeyondTold = false;

  constructor(deps: OmissionsDeps) {
    this.#deps = deps;
  }

  note(cause: OmissionCause, { key, startSeconds, endSeconds }: Utterance): void {
    this.#count(cause);
    const count = (this.#counts[cause] ?? 0) + 1;
    this.#counts[cause] = count;
    if (count > 1) return;
    const fields = { cause, utterance: key, startSeconds, endSeconds };
    this.#deps.log.info("Left out a final of the provider", fields);
  }

  /** What was said behind the cut is left out; nothing is lost with a partial, or with a final that takes partials back. */
  noteBehindCut(utterance: Utterance): void {
    if (utterance.isFinal && utterance.text !== "") this.note("behind-cut", utterance);
  }

  /** A word was placed so many seconds behind all audio that was sent, and stands at the end of that. */
  noteBeyond(seconds: number): void {
    if (seconds <= BEYOND_SECONDS_TOLD) return;
    this.#deps.tallies.times_bounded += 1;
    if (this.#isBeyondTold) return;
    this.#isBeyondTold = true;
    this.#deps.log.warn("The provider placed a word behind all audio", { seconds });
  }

  /** Called once, when the stream ends. */
  tell(): void {
    const isNews = Object.values(this.#counts).some((count) => count > 1);
    if (isNews) this.#deps.log.info("Left out finals of the provider", { ...this.#counts });
  }

  #count(cause: OmissionCause): void {
    const { tallies } = this.#deps;
    switch (cause) {
      case "repeated":
        tallies.finals_repeated += 1;
        return;
      case "superseded":
        tallies.finals_superseded += 1;
        return;
      case "torn":
        tallies.finals_torn += 1;
        return;
      case "behind-cut":
        tallies.finals_behind_cut += 1;
        return;
      default:
        unreachable(cause);
    }
  }
}
