import { backoffMs } from "../../kernel/backoff.ts";
import { TokenBucket, type TokenBucketOptions } from "../../kernel/token-bucket.ts";

const BACKOFF = { firstMs: 300, mostMs: 10_000 };

/** A longer wait that the provider advises is cut to this where somebody is speaking meanwhile. */
export const ADVISED_MS_MAX = 30_000;

/** What one request takes from a budget: the unit is so small that each millisecond earns a whole number. */
export const REQUEST = 20_000;

/** Of one stream, 3 requests at once and one each 20 s, at most 6 in a minute: a session that dies faster is not saved by a new one. */
const STREAM_REQUESTS: TokenBucketOptions = { capacity: 3 * REQUEST, earnedPerMs: 1 };

/** Of the process, 200 at once and 50 a second: a thousand streams that begin, or lose theirs, together have one in 16 s. */
export const PROCESS_REQUESTS: TokenBucketOptions = { capacity: 200 * REQUEST, earnedPerMs: 1000 };

/** When a stream may try again: jittered waits that grow, and a budget for requests of its own and of the process. */
export class AttemptSchedule {
  readonly #processBudget: TokenBucket;
  readonly #streamBudget = new TokenBucket(STREAM_REQUESTS);
  #failures = 0;
  #dueAtMs = 0;
  /** When the request that is planned may go by the stream's own budget. */
  #streamAtMs: number | undefined;
  /** When it may go by the process's budget, which is asked when the stream's own wait is over. */
  #processAtMs: number | undefined;

  constructor(processBudget: TokenBucket) {
    this.#processBudget = processBudget;
  }

  /** The last connection was healthy: what went wrong before it is over. */
  forget(): void {
    this.#failures = 0;
  }

  noteFailure(nowMs: number, leastMs = 0): void {
    this.#failures += 1;
    const advisedMs = Math.min(leastMs, ADVISED_MS_MAX);
    this.#dueAtMs = nowMs + Math.max(advisedMs, backoffMs(this.#failures, BACKOFF));
  }

  isDue(nowMs: number): boolean {
    return nowMs >= this.#dueAtMs;
  }

  /** Whether a request may go now. Asked until it may; then it has to go. */
  mayRequest(nowMs: number): boolean {
    if (!this.isDue(nowMs)) return false;
    this.#streamAtMs ??= nowMs + this.#streamBudget.reserve(REQUEST, nowMs);
    if (nowMs < this.#streamAtMs) return false;
    this.#processAtMs ??= nowMs + this.#processBudget.reserve(REQUEST, nowMs);
    if (nowMs < this.#processAtMs) return false;
    this.#streamAtMs = undefined;
    this.#processAtMs = undefined;
    return true;
  }
}
