import { assert } from "../kernel/assert.ts";

/** Above this share of the limit no new session is opened: those that are open need the rest for an outage. */
const TIGHT_SHARE = 0.8;

/**
 * What all sessions of the process keep, in bytes, and the limit that they have together.
 *
 * It refuses nobody: whoever keeps something takes its bytes, asks whether they are exhausted, and lets go of what it can
 * spare (R12). What was taken is given back exactly, however a session ends. Every call takes constant time and allocates
 * nothing.
 */
export class MemoryBudget {
  readonly limit: number;
  readonly #tightAt: number;
  #used = 0;

  constructor(limit: number) {
    assert(limit > 0, "expected a positive limit of memory");
    this.limit = limit;
    this.#tightAt = limit * TIGHT_SHARE;
  }

  /** May go beyond the limit by what nobody can spare. */
  get used(): number {
    return this.#used;
  }

  get isTight(): boolean {
    return this.#used >= this.#tightAt;
  }

  get isExhausted(): boolean {
    return this.#used > this.limit;
  }

  take(bytes: number): void {
    this.#used += bytes;
  }

  /** Bytes that were taken before. */
  give(bytes: number): void {
    this.#used -= bytes;
    assert(this.#used >= 0, "expected no more memory to come back than was taken");
  }
}
