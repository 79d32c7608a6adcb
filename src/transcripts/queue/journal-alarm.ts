import { traceError } from "../../kernel/error-trace.ts";
import type { Log } from "../../observe/log.ts";
import type { JournalState } from "../journal/journal.ts";

export interface JournalAlarmDeps {
  readonly journal: { readonly state: JournalState };
  readonly log: Log;
  /** Called on every crossing: true when finals wait in memory alone from now on, false when they are kept again. */
  readonly onUnjournaled: (isUnjournaled: boolean) => void;
}

/** From this share of the journal's bound on, new sessions go elsewhere (R6). */
const NEARLY_FULL_SHARE = 0.8;

/** Notices when finals begin to wait in memory alone, and when none does any more: once each way (R6). */
export class JournalAlarm {
  readonly #deps: JournalAlarmDeps;
  #isUnjournaled = false;

  constructor(deps: JournalAlarmDeps) {
    this.#deps = deps;
  }

  /** Called with whether finals wait in memory alone, or would if they came. */
  note(isUnjournaled: boolean): void {
    if (isUnjournaled === this.#isUnjournaled) return;
    this.#isUnjournaled = isUnjournaled;
    const { log, journal, onUnjournaled } = this.#deps;
    const { rows, bytes, lastProblem } = journal.state;
    if (isUnjournaled) {
      log.error("The journal takes no finals: they wait in memory alone", {
        rows,
        bytes,
        problem: lastProblem,
      });
    } else {
      log.info("Every final is in the journal again", { rows, bytes });
    }
    try {
      onUnjournaled(isUnjournaled);
    } catch (error) {
      // R24: a final is about to be queued, and must be, whoever cannot be told.
      log.error("Not every client could be told about the journal", traceError(error));
    }
  }

  /** Why new sessions should go elsewhere, or nothing (R6, R33). */
  readinessProblem(): string | undefined {
    const { bytes, bytesMax } = this.#deps.journal.state;
    if (this.#isUnjournaled) return "finals wait in memory alone: the journal takes none";
    if (bytes < bytesMax * NEARLY_FULL_SHARE) return undefined;
    return `the journal is nearly full: ${bytes} of ${bytesMax} bytes`;
  }
}
