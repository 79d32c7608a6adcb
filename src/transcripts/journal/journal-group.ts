import { after, type RunningTimer } from "../../kernel/timers.ts";

/** Nobody notices captions that come 5 ms later; an fsync takes from 0.2 ms to, on a slow disk, 10 ms. */
const GROUP_COMMIT_MS = 5;

/** Items that will be committed together, so that they share one fsync: those of 5 ms from the first one on. */
export class JournalGroup<Item extends { readonly bytes: number }> {
  readonly #onDue: () => void;
  #items: Item[] = [];
  #bytes = 0;
  #timer: RunningTimer | undefined;

  constructor({ onDue }: { readonly onDue: () => void }) {
    this.#onDue = onDue;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(item: Item): void {
    this.#items.push(item);
    this.#bytes += item.bytes;
    this.#timer ??= after(GROUP_COMMIT_MS, this.#onDue);
  }

  /** Empties the group: its items, in order. */
  take(): readonly Item[] {
    this.#timer?.stop();
    this.#timer = undefined;
    const items = this.#items;
    this.#items = [];
    this.#bytes = 0;
    return items;
  }
}
