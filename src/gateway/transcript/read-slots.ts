import { deadline } from "../../kernel/deadline.ts";
import { AppError } from "../../kernel/errors.ts";

export interface ReadSlotsOptions {
  /** Reads that run at once. */
  readonly runningMax: number;
  /** Reads that wait for others to end. */
  readonly waitingMax: number;
  /** How long a read may take, its wait included. */
  readonly limitMs: number;
}

/**
 * Lets few reads run at once, so that they never take all the connections that the batch writer needs. Others wait in line, in
 * order, as long as the line is short.
 */
export class ReadSlots {
  readonly #options: ReadSlotsOptions;
  /** Those in line, first come first served; calling one lets it run. */
  readonly #waiting = new Set<() => void>();
  #running = 0;

  constructor(options: ReadSlotsOptions) {
    this.#options = options;
  }

  /**
   * Rejects with "capacity-exhausted" at once when the line is full, and with "deadline-exceeded" when time is up: who waits then
   * leaves the line; work that runs is not interrupted, and keeps its slot until it ends.
   */
  async run<Value>(what: string, work: () => Promise<Value>): Promise<Value> {
    const { runningMax, waitingMax, limitMs } = this.#options;
    const { promise: turn, resolve: letRun } = Promise.withResolvers<void>();
    if (this.#running < runningMax) {
      this.#running += 1;
      letRun();
    } else if (this.#waiting.size < waitingMax) {
      this.#waiting.add(letRun);
    } else {
      const message = `${what}: ${waitingMax} others are waiting already`;
      throw new AppError("capacity-exhausted", message, { retryable: true });
    }
    try {
      return await deadline(this.#runInTurn(turn, work), limitMs, what);
    } finally {
      this.#waiting.delete(letRun);
    }
  }

  async #runInTurn<Value>(turn: Promise<void>, work: () => Promise<Value>): Promise<Value> {
    await turn;
    try {
      return await work();
    } finally {
      this.#passOn();
    }
  }

  /** The slot goes to whoever waits longest, and becomes free when nobody does. */
  #passOn(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#running -= 1;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}
