import type { JournaledFinal, QueuedFinal } from "../final.ts";

/** Where finals come from that did not fit into memory. */
export interface FinalSource {
  readonly state: { readonly rows: number };
  readAfter(sequence: number, limit: number): readonly JournaledFinal[];
}

/** Rows of one statement while a backlog is worked off: beyond it a statement gains nothing and holds locks longer. */
export const BACKLOG_BATCH_ROWS = 2000;

/**
 * Statements at once while a backlog is worked off: one is being put into parameters while the server writes the others. Of the
 * five connections this leaves three to readers.
 */
export const BACKLOG_STATEMENTS = 2;

/** A backlog is more than this many full batches. */
const BACKLOG_BATCHES = 4;

/**
 * The finals that wait for the database, oldest first, and what of them goes out next.
 *
 * Memory holds at most `finalsMax` of them. What comes beyond that stays in the journal alone and is read back, in its order,
 * when half of the room is free: so it is too with what an earlier process kept, which goes before everything new (R1). Finals
 * that the journal could not take are in memory alone.
 *
 * A batch goes out when it is full, or when finals are due: those that were there when `markAllDue` was called, be they in
 * memory or still in the journal. What comes later is not due with them, unless it has to be read back behind them.
 */
export class WaitingFinals {
  readonly #source: FinalSource;
  readonly #finalsMax: number;
  #finals: QueuedFinal[] = [];
  /** The journal's finals up to this number have been in memory. */
  #readUpTo = 0;
  /** The journal may have finals that have not been in memory: new ones must not overtake them. */
  #isBehind: boolean;
  /** Finals at the front of memory that are due. */
  #dueCount = 0;
  /** Whether what memory has not had is due as well. */
  #isRestDue = false;

  constructor(source: FinalSource, options: { readonly finalsMax: number }) {
    this.#source = source;
    this.#finalsMax = options.finalsMax;
    // An earlier process may have kept some.
    this.#isBehind = source.state.rows > 0;
  }

  /** Finals in memory. */
  get count(): number {
    return this.#finals.length;
  }

  /** Whether there are finals, in memory or still to be read. */
  get hasMore(): boolean {
    return this.#finals.length > 0 || this.#isBehind;
  }

  /** Of those in memory. */
  get oldest(): QueuedFinal | undefined {
    return this.#finals[0];
  }

  /** Takes a final that the journal has or, without a number, has not. False when there is no room for one that it has not. */
  add(final: QueuedFinal): boolean {
    const { sequence } = final;
    const hasRoom = this.#finals.length < this.#finalsMax;
    if (sequence === undefined) {
      if (hasRoom) this.#finals.push(final);
      return hasRoom;
    }
    if (sequence <= this.#readUpTo) return true;
    if (this.#isBehind || !hasRoom) {
      this.#isBehind = true;
      return true;
    }
    this.#finals.push(final);
    this.#readUpTo = sequence;
    return true;
  }

  /** Puts finals that could not be written before all others. */
  putBack(finals: readonly QueuedFinal[]): void {
    if (finals.length > 0) this.#finals = [...finals, ...this.#finals];
  }

  markAllDue(): void {
    this.#dueCount = this.#finals.length;
    this.#isRestDue = this.#isBehind;
  }

  isBatchDue(batchSize: number): boolean {
    if (this.#finals.length >= batchSize) return true;
    return this.hasMore && (this.#dueCount > 0 || this.#isRestDue);
  }

  /**
   * What is to be written next, the oldest first: one batch, or several large ones to be written at once while a backlog is
   * worked off; none when nothing waits. What is taken is no longer due: whoever puts it back marks it again. When
   * the source throws, its error goes through and nothing was taken.
   */
  takeBatches(batchSize: number): readonly (readonly QueuedFinal[])[] {
    this.#refill();
    const isBacklog = this.#finals.length > BACKLOG_BATCHES * batchSize;
    const batches = isBacklog
      ? this.#takeApart(Math.max(BACKLOG_BATCH_ROWS, batchSize))
      : [this.#finals.splice(0, batchSize)].filter((batch) => batch.length > 0);
    const takenCount = batches.reduce((sum, batch) => sum + batch.length, 0);
    this.#dueCount = Math.max(0, this.#dueCount - takenCount);
    return batches;
  }

  /** R4: of two finals of one key the later one stays, so that they are not written at once. */
  #takeApart(batchSize: number): readonly (readonly QueuedFinal[])[] {
    const batches: (readonly QueuedFinal[])[] = [];
    const taken = new Set<string>();
    while (batches.length < BACKLOG_STATEMENTS && this.#finals.length > 0) {
      const keys = this.#finals.slice(0, batchSize).map(toKey);
      if (keys.some((key) => taken.has(key))) break;
      for (const key of keys) taken.add(key);
      batches.push(this.#finals.splice(0, batchSize));
    }
    return batches;
  }

  /** Reads on where memory is behind and half empty. Has lost nothing when the source throws. */
  #refill(): void {
    if (!this.#isBehind || this.#finals.length > this.#finalsMax / 2) return;
    const room = this.#finalsMax - this.#finals.length;
    const read = this.#source.readAfter(this.#readUpTo, room);
    this.#finals = [...this.#finals, ...read];
    this.#readUpTo = read.at(-1)?.sequence ?? this.#readUpTo;
    this.#isBehind = read.length === room;
    if (!this.#isRestDue) return;
    this.#dueCount = this.#finals.length;
    this.#isRestDue = this.#isBehind;
  }
}

function toKey({ speaker, transcript }: QueuedFinal): string {
  return `${speaker.sessionSlug} ${transcript.utteranceKey}`;
}
