import type { QueuedFinal } from "../final.ts";

export interface ParkedFinalsOptions {
  /** The application may create a call's row this long after its first final. */
  readonly limitMs: number;
  /** With so many of them, the next one is not taken. */
  readonly finalsMax: number;
}

/** Between two tries, so that a wrong slug costs one look-up every two seconds, not one every tick. */
const RETRY_MS = 2000;

/** Finals whose call does not exist yet, kept aside so that they hold nobody up. */
export class ParkedFinals {
  readonly #options: ParkedFinalsOptions;
  /** When a final was found without its call first. */
  readonly #firstFoundAtMs = new WeakMap<QueuedFinal, number>();
  #finals: QueuedFinal[] = [];
  #retryAtMs = 0;

  constructor(options: ParkedFinalsOptions) {
    this.#options = options;
  }

  /** False when the final has waited for its call long enough, or too many wait. */
  add(final: QueuedFinal, nowMs: number): boolean {
    const foundAtMs = this.#firstFoundAtMs.get(final) ?? nowMs;
    const { limitMs, finalsMax } = this.#options;
    if (nowMs - foundAtMs >= limitMs || this.#finals.length >= finalsMax) return false;
    this.#firstFoundAtMs.set(final, foundAtMs);
    if (this.#finals.length === 0) this.#retryAtMs = nowMs + RETRY_MS;
    this.#finals.push(final);
    return true;
  }

  takeDue(nowMs: number): readonly QueuedFinal[] {
    return nowMs < this.#retryAtMs ? [] : this.takeAll();
  }

  takeAll(): readonly QueuedFinal[] {
    const finals = this.#finals;
    this.#finals = [];
    return finals;
  }
}
