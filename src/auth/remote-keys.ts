import { errors } from "jose";
import type { CryptoKey, JWTHeaderParameters } from "jose";
import { monotonicMs } from "../kernel/timers.ts";
import { AuthError } from "./auth-error.ts";
import { fetchKeySet, type KeyLookup } from "./fetch-key-set.ts";

/** Tokens with invented key ids cost the key server one request in this time; a new key is seen no later than it. */
const REFETCH_MS_MIN = 10_000;

/** While there are no keys at all, everybody waits for them: asked for again sooner, and still not by every token. */
const FIRST_FETCH_MS_MIN = 1000;

/** A key that was withdrawn is trusted for this long at most; fetching oftener gains nothing against tokens of an hour. */
const KEYS_AGE_MS_MAX = 600_000;

/** A key server that is away for a night locks nobody out; one that is away for longer is somebody's to notice. */
const STALE_AGE_MS_MAX = 86_400_000;

interface KeptSet {
  readonly lookUp: KeyLookup;
  /** When it was asked for: it may have been changed since. */
  readonly fetchedAtMs: number;
}

/**
 * The keys published at a URL. They are fetched when a token asks for one, never beside that, and all tokens that wait
 * share one request.
 *
 * - none: the first token fetches. Without success it is `keys-unreachable`, and for a second so is every other.
 * - fresh, for ten minutes: keys are looked up without a request, but for an id that is not in the set. That one fetches,
 *   unless the last request is less than ten seconds ago.
 * - stale, for a day: the next token fetches. Without success the old keys are used on, and `onStale` is told for every
 *   token that is checked by one; a further request is made after ten seconds. A withdrawn key is refused from the first success on.
 * - forgotten: as none.
 *
 * Where a key id is not in the set, and no newer set can be fetched, nothing is known about its token: `keys-unreachable`, and
 * retryable.
 */
export class RemoteKeys {
  readonly #url: URL;
  readonly #onStale: () => void;
  #kept: KeptSet | undefined;
  #lastFetchEndedAtMs = Number.NEGATIVE_INFINITY;
  /** Why the last request brought no keys; nothing when it did. */
  #problem: string | undefined;
  #fetching: Promise<void> | undefined;

  constructor(url: URL, onStale: () => void) {
    this.#url = url;
    this.#onStale = onStale;
  }

  /** Rejects with an `AuthError`, or with jose's error about the key id. */
  async find(header: JWTHeaderParameters): Promise<CryptoKey> {
    if (!isWithin(this.#kept?.fetchedAtMs, KEYS_AGE_MS_MAX)) await this.#renew();
    try {
      return await this.#findKept(header);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
    }
    await this.#renew();
    if (this.#problem !== undefined) throw this.#createUnreachableError();
    return this.#findKept(header);
  }

  async #findKept(header: JWTHeaderParameters): Promise<CryptoKey> {
    const kept = this.#kept;
    if (kept === undefined || !isWithin(kept.fetchedAtMs, STALE_AGE_MS_MAX)) {
      this.#kept = undefined;
      throw this.#createUnreachableError();
    }
    const key = await kept.lookUp(header);
    if (!isWithin(kept.fetchedAtMs, KEYS_AGE_MS_MAX)) this.#onStale();
    return key;
  }

  /** Joins the request that is under way, or makes one when the last is long enough ago. Never rejects. */
  async #renew(): Promise<void> {
    const spacingMs = this.#kept === undefined ? FIRST_FETCH_MS_MIN : REFETCH_MS_MIN;
    if (this.#fetching === undefined && isWithin(this.#lastFetchEndedAtMs, spacingMs)) return;
    this.#fetching ??= this.#fetch();
    await this.#fetching;
  }

  async #fetch(): Promise<void> {
    const fetchedAtMs = monotonicMs();
    const fetched = await fetchKeySet(this.#url);
    this.#problem = fetched.ok ? undefined : fetched.problem;
    if (fetched.ok) this.#kept = { lookUp: fetched.value, fetchedAtMs };
    this.#lastFetchEndedAtMs = monotonicMs();
    this.#fetching = undefined;
  }

  #createUnreachableError(): AuthError {
    const problem = this.#problem ?? "none";
    return new AuthError("keys-unreachable", `expected the published key set, got: ${problem}`, {
      retryable: true,
    });
  }
}

function isWithin(sinceMs: number | undefined, lengthMs: number): boolean {
  return sinceMs !== undefined && monotonicMs() - sinceMs < lengthMs;
}
