import { assert } from "./assert.ts";

/**
 * A map that keeps the `entriesLeast` entries that were used last, and fewer than twice as many.
 *
 * It keeps two generations and lets go of the older one as a whole, so that every call takes constant time. NOTE: to ask a Map
 * for its oldest key walks over what was deleted before it: a cache of 10,000 entries made that way takes 20 µs for a new one.
 */
export class RecentCache<Key, Value> {
  readonly #entriesLeast: number;
  #young = new Map<Key, Value>();
  /** Not used since the younger generation began; no key is in both. */
  #old = new Map<Key, Value>();

  constructor(entriesLeast: number) {
    assert(entriesLeast > 0, `expected a positive size, got ${entriesLeast}`);
    this.#entriesLeast = entriesLeast;
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  get(key: Key): Value | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  set(key: Key, value: Value): void {
    this.#old.delete(key);
    this.#young.set(key, value);
    if (this.#young.size < this.#entriesLeast) return;
    this.#old = this.#young;
    this.#young = new Map();
  }

  delete(key: Key): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }
}
