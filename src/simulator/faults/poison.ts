import type { TranscribedUtterance } from "../wire/messages.ts";

/** PostgreSQL stores every character in a text but this one. */
const NUL = "\u0000";

/** Spoils every n-th final of all sessions together, so that short sessions get their share too. */
export class Poison {
  readonly #every: number;
  #finalCount = 0;

  /** `every`: 1 spoils each final, `Infinity` none. */
  constructor(every: number) {
    this.#every = every;
  }

  /** Called once for each final, in the order in which they are sent. */
  apply(utterance: TranscribedUtterance): TranscribedUtterance {
    this.#finalCount += 1;
    if (this.#finalCount % this.#every !== 0) return utterance;
    return { ...utterance, text: `${utterance.text}${NUL}` };
  }
}
