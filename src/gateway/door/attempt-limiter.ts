import { assert } from "../../kernel/assert.ts";
import { RecentCache } from "../../kernel/recent-cache.ts";

export interface AttemptLimiterOptions {
  /** Attempts of one key: so many at once, and as many a minute, evenly, in the long run. */
  readonly perMinute: number;
  /** Keys that are remembered. */
  readonly keysMax: number;
}

/** What one key has spent. Whole numbers: no rounding error adds up. */
interface Bucket {
  /** In sixty-thousandths of an attempt, so that a millisecond earns `perMinute` of them; 0 is a full bucket. */
  spent: number;
  atMs: number;
}

const MINUTE_MS = 60_000;

/**
 * Counts the attempts of each key by a token bucket of its own, in bounded memory and constant time (R23).
 *
 * A bucket that is forgotten is full again. Forgetting a full one changes nothing; forgetting a spent one lets somebody off. So
 * buckets with less than half left are kept apart from the others: whoever wants one of them forgotten has to spend half
 * of each of `keysMax / 4` other buckets, and not merely to come from many addresses.
 */
export class AttemptLimiter {
  readonly #perMinute: number;
  readonly #spentMax: number;
  /** With at least half of their attempts left. */
  readonly #light: RecentCache<string, Bucket>;
  /** With less. */
  readonly #heavy: RecentCache<string, Bucket>;

  constructor({ perMinute, keysMax }: AttemptLimiterOptions) {
    assert(perMinute >= 1, `expected at least one attempt a minute, got ${perMinute}`);
    assert(keysMax >= 4, `expected at least four keys, got ${keysMax}`);
    this.#perMinute = perMinute;
    this.#spentMax = perMinute * MINUTE_MS;
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
    const bucket = this.#heavy.get(key) ?? this.#light.get(key) ?? { spent: 0, atMs: nowMs };
    // A clock that is set back earns nothing, and takes nothing away.
    const earned = Math.max(0, nowMs - bucket.atMs) * this.#perMinute;
    bucket.spent = Math.max(0, bucket.spent - earned);
    bucket.atMs = nowMs;
    const missing = bucket.spent + MINUTE_MS - this.#spentMax;
    if (missing <= 0) bucket.spent += MINUTE_MS;
    this.#remember(key, bucket);
    return missing <= 0 ? undefined : Math.ceil(missing / this.#perMinute);
  }

  #remember(key: string, bucket: Bucket): void {
    const isHeavy = bucket.spent * 2 > this.#spentMax;
    (isHeavy ? this.#light : this.#heavy).delete(key);
    (isHeavy ? this.#heavy : this.#light).set(key, bucket);
  }
}
