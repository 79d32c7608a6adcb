import type { JournaledFinal, QueuedFinal } from "../final.ts";

/** Where finals come from that did not fit into memory. */
export interface FinalSource {
  readonly state: { readonly rows: number };
  readAfter(sequence: number, limit: number): readonly JournaledFinal[];
}

/**
 * The finals in memory that wait for the database, oldest first; the journal holds them too, and those that do not fit.
 *
 * Memory holds at most `finalsMax`. What comes beyond that stays in the journal alone and is read back, in its order, when
 * half of the room is free: so it is too with what an earlier process left, which goes before everything new (R1). Finals
 * that the journal could not take are here alone.
 */
export class WaitingFinals {
  readonly #source: FinalSource;
  readonly #finalsMax: number;
  #finals: QueuedFinal[] = [];
  /** The journal's finals up to this number have been in memory. */
  #readUpTo = 0;
  /** The journal may have finals that have not been in memory: new ones must not overtake them. */
  #isBehind: boolean;

  constructor(source: FinalSource, options: { readonly finalsMax: number }) {
    this.#source = source;
    this.#finalsMax = options.finalsMax;
    // An earlier process may have left some.
    this.#isBehind = source.state.rows > 0;
  }

  /** Finals in memory. */
  get count(): number {
    return this.#finals.length;
  }

  /** Whether there are finals that memory has not had. */
  get isBehind(): boolean {
    return this.#isBehind;
  }

  /** Whether there are finals, in memory or still to be read. */
  get hasMore(): boolean {
    return this.#finals.length > 0 || this.#isBehind;
  }

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

  /** The oldest finals, at most `count` of them. */
  take(count: number): readonly QueuedFinal[] {
    return this.#finals.splice(0, count);
  }

  /** Reads on where memory is behind and half empty. Throws what the source throws, and has lost nothing then. */
  refill(): void {
    if (!this.#isBehind || this.#finals.length > this.#finalsMax / 2) return;
    const room = this.#finalsMax - this.#finals.length;
    const read = this.#source.readAfter(this.#readUpTo, room);
    this.#finals = [...this.#finals, ...read];
    this.#readUpTo = read.at(-1)?.sequence ?? this.#readUpTo;
    this.#isBehind = read.length === room;
  }
}
