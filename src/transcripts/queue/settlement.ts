import { monotonicMs } from "../../kernel/timers.ts";
import type { Log } from "../../observe/log.ts";
import type { Metrics } from "../../observe/metrics.ts";
import type { Final, QueuedFinal } from "../final.ts";
import type { DeadLetterCause, DeadLetterFile } from "../journal/dead-letter-file.ts";
import type { Journal } from "../journal/journal.ts";
import type { BatchResult } from "./batch-writer.ts";
import type { ParkedFinals } from "./parked-finals.ts";

/** Why a final is lost. */
export type LossCause = "memory-full" | "dead-letters-full";

export interface SettlementDeps {
  readonly journal: Pick<Journal, "remove">;
  readonly deadLetters: Pick<DeadLetterFile, "add">;
  readonly parked: ParkedFinals;
  readonly log: Log;
  readonly metrics: Metrics;
}

/**
 * The ways out of the queue, and the count of those finals that nothing but memory holds until they have taken one.
 *
 * - Committed finals leave the journal.
 * - Finals of unknown calls are parked; those that waited too long for their call go to the dead letters (R5).
 * - Finals that the database refuses go to the dead letters (R5).
 * - Where the dead letters have no room, the journal keeps a final for the next start. One that the journal does not have is
 *   lost, and counted by cause (R6).
 */
export class Settlement {
  readonly #deps: SettlementDeps;
  readonly #losses: Record<LossCause, number> = { "memory-full": 0, "dead-letters-full": 0 };
  #unjournaledCount = 0;

  constructor(deps: SettlementDeps) {
    this.#deps = deps;
  }

  /** Finals on their way that are in memory alone. */
  get unjournaledCount(): number {
    return this.#unjournaledCount;
  }

  /** Finals lost so far, by cause. */
  get losses(): Readonly<Record<LossCause, number>> {
    return this.#losses;
  }

  /** A final has been taken that the journal could not take. */
  noteUnjournaled(): void {
    this.#unjournaledCount += 1;
  }

  /** Does what the database's answer to a batch asks for. */
  settle(batch: readonly QueuedFinal[], { refused, unknownCalls }: BatchResult): void {
    const nowMs = monotonicMs();
    const { journal, metrics, parked } = this.#deps;
    const reasons = new Map<Final, string>(
      refused.map(({ final, reason }) => [final, reason.message]),
    );
    const unknown = new Set(unknownCalls);
    const leaving: number[] = [];
    let unjournaledCount = 0;
    for (const final of batch) {
      const reason = reasons.get(final);
      let isSettled = true;
      if (unknown.has(final)) {
        if (parked.add(final, nowMs)) continue;
        isSettled = this.#bury(final, "session-unknown", "its call stayed unknown");
      } else if (reason !== undefined) {
        isSettled = this.#bury(final, "row-refused", reason);
      } else {
        metrics.observeCommit((nowMs - final.queuedAtMs) / 1000);
        metrics.tallies.segments_flushed += 1;
      }
      if (final.sequence === undefined) unjournaledCount += 1;
      else if (isSettled) leaving.push(final.sequence);
    }
    // The dead letters have what was buried: from here on a crash loses nothing of it.
    journal.remove(leaving);
    if (reasons.size > 0) metrics.tallies.flush_errors += 1;
    this.#unjournaledCount -= unjournaledCount;
  }

  lose(final: Final, cause: LossCause): void {
    const { log, metrics } = this.#deps;
    this.#losses[cause] += 1;
    metrics.tallies.segments_dropped += 1;
    metrics.count("losses", cause);
    log.error("A final was lost", { ...identify(final), cause });
  }

  /** Sets a final aside for an operator. False when the journal, if it has it, must keep it. */
  #bury(final: QueuedFinal, cause: DeadLetterCause, reason: string): boolean {
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
}

function identify({ speaker, transcript }: Final) {
  return { call: speaker.sessionSlug, utterance: transcript.utteranceKey };
}
