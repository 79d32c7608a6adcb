import { backoffMs } from "../../kernel/backoff.ts";
import { RequestBudget, STREAM_REQUESTS } from "./request-budget.ts";

const BACKOFF = { firstMs: 300, mostMs: 10_000 };

/** When a stream may try again: jittered waits that grow, and a budget for requests of its own and of the process. */
export class AttemptSchedule {
  readonly #processBudget: RequestBudget;
  readonly #streamBudget = new RequestBudget(STREAM_REQUESTS);
  #failures = 0;
  #dueAtMs = 0;
  /** When the request that is planned may go by the stream's own budget. */
  #streamAtMs: number | undefined;
  /** When it may go by the process's budget, which is asked when the stream's own wait is over. */
  #processAtMs: number | undefined;

  constructor(processBudget: RequestBudget) {
    this.#processBudget = processBudget;
  }

  /** The last connection was healthy: what went wrong before it is over. */
  forget(): void {
    this.#failures = 0;
  }

  noteFailure(nowMs: number, leastMs = 0): void {
    this.#failures += 1;
    this.#dueAtMs = nowMs + Math.max(leastMs, backoffMs(this.#failures, BACKOFF));
  }

  isDue(nowMs: number): boolean {
    return nowMs >= this.#dueAtMs;
  }

  /** Whether a request may go now. Asked until it may; then it has to go. */
  mayRequest(nowMs: number): boolean {
    if (!this.isDue(nowMs)) return false;
    this.#streamAtMs ??= nowMs + this.#streamBudget.takeAt(nowMs);
    if (nowMs < this.#streamAtMs) return false;
    this.#processAtMs ??= nowMs + this.#processBudget.takeAt(nowMs);
    if (nowMs < this.#processAtMs) return false;
    this.#streamAtMs = undefined;
    this.#processAtMs = undefined;
    return true;
  }
}
