import type { QueuedRow } from "./batch-writer.ts";

export interface ParkedRowsOptions {
  /** The application may create a session's row this long after its first final. */
  readonly limitMs: number;
  /** With more of them, the next one is not taken. */
  readonly rowsMax: number;
}

/** Between two tries, so that a wrong slug costs one look-up every two seconds, not one every tick. */
const RETRY_MS = 2000;

/** Rows whose session does not exist yet, kept aside so that they hold nobody up. */
export class ParkedRows {
  readonly #options: ParkedRowsOptions;
  /** When a row was found without its session first, in milliseconds since the epoch. */
  readonly #firstFoundAtMs = new WeakMap<QueuedRow, number>();
  #rows: QueuedRow[] = [];
  #retryAtMs = 0;

  constructor(options: ParkedRowsOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#rows.length;
  }

  /** False when the row has waited for its session long enough, or too many wait. */
  add(queued: QueuedRow, nowMs: number): boolean {
    const foundAtMs = this.#firstFoundAtMs.get(queued) ?? nowMs;
    const { limitMs, rowsMax } = this.#options;
    if (nowMs - foundAtMs >= limitMs || this.#rows.length >= rowsMax) return false;
    this.#firstFoundAtMs.set(queued, foundAtMs);
    if (this.#rows.length === 0) this.#retryAtMs = nowMs + RETRY_MS;
    this.#rows.push(queued);
    return true;
  }

  takeDue(nowMs: number): readonly QueuedRow[] {
    return nowMs < this.#retryAtMs ? [] : this.takeAll();
  }

  takeAll(): readonly QueuedRow[] {
    const rows = this.#rows;
    this.#rows = [];
    return rows;
  }
}
