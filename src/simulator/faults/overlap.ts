import type { TranscribedUtterance } from "../wire/messages.ts";

/** Where each added final lies, from the end of the one that it follows, in seconds: they take their turns. */
const PLACES: readonly (readonly [start: number, end: number])[] = [
  // Somebody adds a word before the sentence is over.
  [-0.25, 0],
  // For the most part in what was said.
  [-0.5, 0.1],
  // Nobody has said it: milliseconds in the place of seconds.
  [-0.1, 4000],
];

/** Adds a final of one word to every n-th final of all sessions together, at a place that overlaps it. */
export class Overlap {
  readonly #every: number;
  #finalCount = 0;
  #addedCount = 0;

  /** `every`: 1 adds one to each final, `Infinity` none. */
  constructor(every: number) {
    this.#every = every;
  }

  /** Called once for each final, in the order in which they are sent. */
  followerOf(final: TranscribedUtterance): TranscribedUtterance | undefined {
    this.#finalCount += 1;
    if (this.#finalCount % this.#every !== 0) return undefined;
    const [start, end] = PLACES[this.#addedCount % PLACES.length] ?? [0, 0];
    this.#addedCount += 1;
    const times = { start: Math.max(0, final.end + start), end: final.end + end };
    return {
      ...final,
      ...times,
      text: " Yes.",
      words: [{ ...times, word: " Yes.", confidence: 1 }],
    };
  }
}
