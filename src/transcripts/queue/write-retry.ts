import { backoffMs } from "../../kernel/backoff.ts";

const BACKOFF = { firstMs: 200, mostMs: 5000 };

/** When the database is tried again that took no batch: later from attempt to attempt, and jittered (R5). */
export class WriteRetry {
  #failedAttempts = 0;
  #retryAtMs = 0;

  /** Since the last success. */
  get failedAttempts(): number {
    return this.#failedAttempts;
  }

  isWaiting(nowMs: number): boolean {
    return nowMs < this.#retryAtMs;
  }

  noteFailure(nowMs: number): void {
    this.#failedAttempts += 1;
    this.#retryAtMs = nowMs + backoffMs(this.#failedAttempts, BACKOFF);
  }

  noteSuccess(): void {
    this.#failedAttempts = 0;
    this.#retryAtMs = 0;
  }

  /** The next attempt need not wait: somebody asks for it. */
  skipWait(): void {
    this.#retryAtMs = 0;
  }
}
