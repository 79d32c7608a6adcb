import { assert } from "./assert.ts";

/** Both are whole numbers, in a unit that the owner chooses small enough for no fraction to be needed. */
export interface TokenBucketOptions {
  /** So much may be taken at once after a rest. */
  readonly capacity: number;
  /** So much comes back with each millisecond, until the bucket is full. */
  readonly earnedPerMs: number;
}

/**
 * Limits a rate: whatever is taken comes back evenly with time. It begins full.
 *
 * - Any stretch of time sees at most `capacity`, and `earnedPerMs` for each millisecond of its length (reserved turns are told in
 *   whole milliseconds, and may come closer to each other by less than one).
 * - All amounts are whole numbers, so that no rounding error adds up, and every call takes constant time and allocates nothing.
 * - A clock that is set back earns nothing, and takes nothing away.
 *
 * `take` is for those who are refused when there is too little; `reserve` for those who wait for their turn.
 */
export class TokenBucket {
  readonly #options: TokenBucketOptions;
  /** 0 is a full bucket; more than the capacity is owed for turns that are still to come. */
  #spent = 0;
  #atMs = 0;

  constructor(options: TokenBucketOptions) {
    const { capacity, earnedPerMs } = options;
    assert(
      Number.isSafeInteger(capacity) && capacity > 0,
      `expected a whole capacity, got ${capacity}`,
    );
    assert(
      Number.isSafeInteger(earnedPerMs) && earnedPerMs > 0,
      `expected a whole number to be earned in a millisecond, got ${earnedPerMs}`,
    );
    this.#options = options;
  }

  /** What could be taken at this moment. Below 0 it is owed for turns that are still to come. */
  availableAt(nowMs: number): number {
    this.#earn(nowMs);
    return this.#options.capacity - this.#spent;
  }

  /** Takes `amount` and gives 0; or takes nothing, and gives the milliseconds after which there will be enough. */
  take(amount: number, nowMs: number): number {
    const missing = amount - this.availableAt(nowMs);
    if (missing > 0) return Math.ceil(missing / this.#options.earnedPerMs);
    this.#spent += amount;
    return 0;
  }

  /**
   * Takes `amount` in any case, and gives the milliseconds after which its turn is; 0 is now. Turns come in the order of the
   * calls: whoever has reserved goes then, and need not ask again.
   */
  reserve(amount: number, nowMs: number): number {
    const missing = Math.max(0, amount - this.availableAt(nowMs));
    this.#spent += amount;
    return Math.ceil(missing / this.#options.earnedPerMs);
  }

  #earn(nowMs: number): void {
    const earned = Math.max(0, nowMs - this.#atMs) * this.#options.earnedPerMs;
    this.#spent = Math.max(0, this.#spent - earned);
    this.#atMs = nowMs;
  }
}
