import type { JournalEntry } from "../journal/journal.ts";
import type { QueuedRow } from "./batch-writer.ts";

/** Where rows come from that did not fit into memory. */
export interface RowSource {
  readonly state: { readonly rows: number };
  readAfter(sequence: number, limit: number): readonly JournalEntry[];
}

/**
 * The rows in memory that wait for the database, oldest first; the journal holds them too, and those that do not fit.
 *
 * Memory holds at most `rowsMax` rows. What comes beyond that stays in the journal alone and is read back, in its order, when
 * half of the room is free: so it is too with what an earlier process left, which goes before everything new (R1). Rows that
 * the journal could not take are here alone.
 */
export class WaitingRows {
  readonly #source: RowSource;
  readonly #rowsMax: number;
  #rows: QueuedRow[] = [];
  /** The journal's rows up to this number have been in memory. */
  #readUpTo = 0;
  /** The journal may have rows that have not been in memory: new ones must not overtake them. */
  #isBehind: boolean;

  constructor(source: RowSource, options: { readonly rowsMax: number }) {
    this.#source = source;
    this.#rowsMax = options.rowsMax;
    // An earlier process may have left some.
    this.#isBehind = source.state.rows > 0;
  }

  /** Rows in memory. */
  get count(): number {
    return this.#rows.length;
  }

  /** Whether there are rows that memory has not had. */
  get isBehind(): boolean {
    return this.#isBehind;
  }

  /** Whether there are rows, in memory or still to be read. */
  get hasMore(): boolean {
    return this.#rows.length > 0 || this.#isBehind;
  }

  get oldest(): QueuedRow | undefined {
    return this.#rows[0];
  }

  /** Takes a row that the journal has or, without a number, has not. False when there is no room for one that it has not. */
  add(queued: QueuedRow): boolean {
    const { sequence } = queued;
    const hasRoom = this.#rows.length < this.#rowsMax;
    if (sequence === undefined) {
      if (hasRoom) this.#rows.push(queued);
      return hasRoom;
    }
    if (sequence <= this.#readUpTo) return true;
    if (this.#isBehind || !hasRoom) {
      this.#isBehind = true;
      return true;
    }
    this.#rows.push(queued);
    this.#readUpTo = sequence;
    return true;
  }

  /** Puts rows that could not be written before all others. */
  putBack(rows: readonly QueuedRow[]): void {
    if (rows.length > 0) this.#rows = [...rows, ...this.#rows];
  }

  /** The oldest rows, at most `count` of them. */
  take(count: number): readonly QueuedRow[] {
    return this.#rows.splice(0, count);
  }

  /** Reads on where memory is behind and half empty. Throws what the source throws, and has lost nothing then. */
  refill(): void {
    if (!this.#isBehind || this.#rows.length > this.#rowsMax / 2) return;
    const room = this.#rowsMax - this.#rows.length;
    const entries = this.#source.readAfter(this.#readUpTo, room);
    this.#rows = [...this.#rows, ...entries];
    this.#readUpTo = entries.at(-1)?.sequence ?? this.#readUpTo;
    this.#isBehind = entries.length === room;
  }
}
