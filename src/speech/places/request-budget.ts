import { assert } from "../../kernel/assert.ts";

export interface RequestBudgetOptions {
  /** So many may go at once after a rest. */
  readonly burst: number;
  /** From then on one may go in each of these intervals, in milliseconds. */
  readonly intervalMs: number;
}

/** Of one stream, at most 6 in a minute: a session that dies faster is not saved by a new one. */
export const STREAM_REQUESTS: RequestBudgetOptions = { burst: 3, intervalMs: 20_000 };

/** Of the process, 50 a second after a burst: a thousand streams that begin, or lose theirs, together have one in 16 s. */
export const PROCESS_REQUESTS: RequestBudgetOptions = { burst: 200, intervalMs: 20 };

/**
 * Spaces requests out: a token bucket, kept as the time at which it will be full again.
 *
 * It reserves: whoever has asked goes when it was told to, in the order of asking, and need not
 * ask again. Any stretch of time sees at most `burst` requests, and one more for each `intervalMs`
 * of its length.
 */
export class RequestBudget {
  readonly #options: RequestBudgetOptions;
  #fullAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: RequestBudgetOptions) {
    const { burst, intervalMs } = options;
    assert(burst >= 1 && intervalMs > 0, `expected a budget, got ${burst} per ${intervalMs} ms`);
    this.#options = options;
  }

  /** Takes the next place: how many milliseconds after `nowMs` the request goes; 0 is now. */
  takeAt(nowMs: number): number {
    const { burst, intervalMs } = this.#options;
    this.#fullAtMs = Math.max(this.#fullAtMs, nowMs) + intervalMs;
    return Math.max(0, this.#fullAtMs - burst * intervalMs - nowMs);
  }
}
