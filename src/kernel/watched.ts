import { eachAlone } from "./each-alone.ts";

/** A value that changes, for those who read it or want to be told. */
export interface Watchable<Value> {
  readonly value: Value;
  /** Calls `tell` with each new value from now on, in the order in which watchers came; ends with the call of what it returns. */
  watch(tell: (value: Value) => void): () => void;
}

/**
 * A value with one owner, who sets it. Watchers hear of changes alone, at once, before `set` returns.
 *
 * R24: a watcher that throws stops neither the other watchers nor the owner: its error goes to `onFailed`.
 */
export class Watched<Value> implements Watchable<Value> {
  readonly #onFailed: (error: unknown) => void;
  readonly #watchers = new Set<(value: Value) => void>();
  #value: Value;

  constructor({ onFailed }: { readonly onFailed: (error: unknown) => void }, value: Value) {
    this.#value = value;
    this.#onFailed = onFailed;
  }

  get value(): Value {
    return this.#value;
  }

  set(value: Value): void {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    eachAlone(
      this.#watchers,
      (tell) => tell(value),
      (_, error) => this.#onFailed(error),
    );
  }

  watch(tell: (value: Value) => void): () => void {
    // Who watches twice is told twice, and each watch ends alone.
    const watcher = (value: Value) => tell(value);
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  }
}
