import { assert } from "../../kernel/assert.ts";
import { RecentCache } from "../../kernel/recent-cache.ts";
import { TokenBucket, type TokenBucketOptions } from "../../kernel/token-bucket.ts";

export interface AttemptLimiterOptions {
  /** Attempts of one key: so many at once, and as many a minute, evenly, in the long run. A whole number. */
  readonly perMinute: number;
  /** Keys that are remembered. */
  readonly keysMax: number;
}

/** What one attempt costs. A bucket counts in sixty-thousandths of an attempt, so that a millisecond earns `perMinute` of them. */
const ATTEMPT = 60_000;

/**
 * Counts the attempts of each key by a token bucket of its own, in bounded memory and constant time (R23).
 *
 * A bucket that is forgotten is full again. Forgetting a full one changes nothing; forgetting a spent one lets somebody off. So
 * buckets with less than half left are kept apart from the others: whoever wants one of them forgotten has to spend half
 * of each of `keysMax / 4` other buckets, and not merely to come from many addresses.
 */
export class AttemptLimiter {
  readonly #rate: TokenBucketOptions;
  /** With at least half of their attempts left. */
  readonly #light: RecentCache<string, TokenBucket>;
  /** With less. */
  readonly #heavy: RecentCache<string, TokenBucket>;

  constructor({ perMinute, keysMax }: AttemptLimiterOptions) {
    assert(perMinute >= 1, `expected at least one attempt a minute, got ${perMinute}`);
    assert(keysMax >= 4, `expected at least four keys, got ${keysMax}`);
    this.#rate = { capacity: perMinute * ATTEMPT, earnedPerMs: perMinute };
    // Each of the two keeps at most twice its least.
    const keysLeast = Math.floor(keysMax / 4);
    this.#light = new RecentCache(keysLeast);
    this.#heavy = new RecentCache(keysLeast);
  }

  /** Buckets that are remembered. */
  get size(): number {
    return this.#light.size + this.#heavy.size;
  }

  /** Takes one attempt of `key`, or says after how many milliseconds there will be one. What is refused costs nothing. */
  take(key: string, nowMs: number): number | undefined {
    const bucket = this.#heavy.get(key) ?? this.#light.get(key) ?? new TokenBucket(this.#rate);
    const waitMs = bucket.take(ATTEMPT, nowMs);
    this.#remember(key, bucket, nowMs);
    return waitMs === 0 ? undefined : waitMs;
  }

  #remember(key: string, bucket: TokenBucket, nowMs: number): void {
    const isHeavy = bucket.availableAt(nowMs) * 2 < this.#rate.capacity;
    (isHeavy ? this.#light : this.#heavy).delete(key);
    (isHeavy ? this.#heavy : this.#light).set(key, bucket);
  }
}
