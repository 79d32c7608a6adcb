import { eachAlone } from "../../kernel/each-alone.ts";
import type { Final, JournaledFinal } from "../final.ts";
import type { JournalError } from "./journal-error.ts";

/** What becomes of a final: one of the two is called, once. Neither may throw. */
export interface AppendListener {
  /** The journal has it. Finals are kept, and this is called, in the order in which they were appended. */
  onKept(final: JournaledFinal): void;
  /** The journal could not take it. A later final may fare better. */
  onRefused(problem: JournalError): void;
}

/** A final on its way into the journal, and who hears what becomes of it. */
export interface Addition {
  readonly final: Final;
  readonly body: string;
  readonly bytes: number;
  /** By `monotonicMs`. */
  readonly queuedAtMs: number;
  readonly listener: AppendListener;
}

/** The number of the first final, which the others follow one by one; or why none of them is in the journal. */
export type Outcome = number | JournalError;

export function tell({ final, queuedAtMs, listener }: Addition, outcome: Outcome): void {
  if (typeof outcome === "number") listener.onKept({ ...final, sequence: outcome, queuedAtMs });
  else listener.onRefused(outcome);
}

/** R24: a listener that throws, which is a bug, keeps none of its group from hearing. */
export function tellAll(additions: readonly Addition[], outcome: Outcome): void {
  const errors: unknown[] = [];
  eachAlone(
    additions.entries(),
    ([index, addition]) => tell(addition, typeof outcome === "number" ? outcome + index : outcome),
    (_, error) => errors.push(error),
  );
  if (errors.length > 0) throw new AggregateError(errors, "listeners of the journal threw");
}
