import type { Log } from "../../observe/log.ts";

/** The warning ends when this share of the limit is reached again. */
const RELEASE_SHARE = 0.8;

/** Logs when more rows wait than the operator expects, and when that is over: once each way (R7). */
export class OverflowAlarm {
  readonly #log: Log;
  #isOverflowing = false;

  constructor(log: Log) {
    this.#log = log;
  }

  watch(waiting: number, limit: number): void {
    if (!this.#isOverflowing && waiting >= limit) {
      this.#isOverflowing = true;
      this.#log.warn("Queue overflow!", { waiting, limit });
    } else if (this.#isOverflowing && waiting <= limit * RELEASE_SHARE) {
      this.#isOverflowing = false;
      this.#log.info("The queue is below its limit again", { waiting });
    }
  }
}
