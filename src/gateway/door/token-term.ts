/** A client is warned so long before its token ends: time to ask its own server for another. */
const WARNING_MS = 60_000;

/** A token is refreshed every few minutes; each refresh costs a signature check (R23). */
const REFRESH_SPACING_MS = 1000;

/** How long one connection's token lasts, and what is to be said about it. */
export class TokenTerm {
  #expiresAt: Date;
  #isWarned = false;
  #refreshableAtMs = 0;

  constructor(expiresAt: Date) {
    this.#expiresAt = expiresAt;
  }

  get expiresAt(): Date {
    return this.#expiresAt;
  }

  /** By the wall clock, as the token has it. "expiring" is answered once for each token. */
  judge(nowMs: number): "valid" | "expiring" | "expired" {
    const remainingMs = this.#expiresAt.getTime() - nowMs;
    if (remainingMs <= 0) return "expired";
    if (remainingMs > WARNING_MS || this.#isWarned) return "valid";
    this.#isWarned = true;
    return "expiring";
  }

  /** Whether a refresh is tried now, by `monotonicMs`: at most one a second. Asking counts as trying. */
  mayRefresh(nowMs: number): boolean {
    if (nowMs < this.#refreshableAtMs) return false;
    this.#refreshableAtMs = nowMs + REFRESH_SPACING_MS;
    return true;
  }

  renew(expiresAt: Date): void {
    this.#expiresAt = expiresAt;
    this.#isWarned = false;
  }
}
