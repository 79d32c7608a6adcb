import type { Log } from "../../observe/log.ts";
import type { Metrics } from "../../observe/metrics.ts";
import type { Final, QueuedFinal } from "../final.ts";
import type { DeadLetterCause, DeadLetterFile } from "../journal/dead-letter-file.ts";

/** Why a final is lost. */
export type LossCause = "memory-full" | "dead-letters-full";

export interface GivenUpRowsDeps {
  readonly deadLetters: Pick<DeadLetterFile, "add">;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** The ways out for rows that cannot be written: to the dead letters (R5), or, counted by cause, into nothing (R6). */
export class GivenUpRows {
  readonly #deps: GivenUpRowsDeps;
  readonly #losses: Record<LossCause, number> = { "memory-full": 0, "dead-letters-full": 0 };

  constructor(deps: GivenUpRowsDeps) {
    this.#deps = deps;
  }

  /** Finals lost so far, by cause. */
  get losses(): Readonly<Record<LossCause, number>> {
    return this.#losses;
  }

  /**
   * Sets a row aside for an operator. False when the dead letters cannot take it and the journal has to keep it: the next
   * start tries again. A row that the journal never had is lost then.
   */
  bury(final: QueuedFinal, cause: DeadLetterCause, reason: string): boolean {
    const { deadLetters, log, metrics } = this.#deps;
    if (deadLetters.add(final, cause, reason)) {
      metrics.count("dead_letters", cause);
      log.error("A final went to the dead letters", { ...identify(final), cause, reason });
      return true;
    }
    log.error("The dead letters take no final", { ...identify(final), cause, reason });
    if (final.sequence === undefined) this.lose(final, "dead-letters-full");
    return false;
  }

  lose(final: Final, cause: LossCause): void {
    const { log, metrics } = this.#deps;
    this.#losses[cause] += 1;
    metrics.tallies.segments_dropped += 1;
    metrics.count("losses", cause);
    log.error("A final was lost", { ...identify(final), cause });
  }
}

function identify({ speaker, transcript }: Final) {
  return { session: speaker.sessionSlug, utterance: transcript.utteranceKey };
}
