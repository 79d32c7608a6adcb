interface KeptFrame {
  readonly frame: Uint8Array;
  /** Position of its first byte. */
  readonly from: number;
}

/**
 * Audio that may have to be sent, or sent again: a ring of frames by reference, by position (R10, R11).
 *
 * A position counts the bytes of the whole stream and never goes back. Frames are kept from `append` until `release`, at most
 * `bytesMax` of them: one beyond that pushes out the oldest (R12). Nothing is copied; whoever appends a frame gives it away.
 * Appending and releasing take constant time on average, finding a position takes the logarithm of what is kept.
 */
export class AudioBacklog {
  readonly #bytesMax: number;
  #frames: KeptFrame[] = [];
  /** Index of the oldest kept frame. */
  #head = 0;
  #end = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Position of the oldest kept byte; `end` when nothing is kept. */
  get start(): number {
    return this.#frames[this.#head]?.from ?? this.#end;
  }

  /** Position after the last byte that was appended. */
  get end(): number {
    return this.#end;
  }

  append(frame: Uint8Array): void {
    this.#frames.push({ frame, from: this.#end });
    this.#end += frame.byteLength;
    while (this.#end - this.start > this.#bytesMax) this.#dropOldest();
  }

  /** Lets go of the frames that lie before `position` as a whole. */
  release(position: number): void {
    for (;;) {
      const oldest = this.#frames[this.#head];
      if (oldest === undefined || oldest.from + oldest.frame.byteLength > position) return;
      this.#dropOldest();
    }
  }

  /** The frame that holds `position`, or what is left of it from there on; nothing at the end. */
  readAt(position: number): Uint8Array | undefined {
    const kept = this.#frames[this.#findIndex(position)];
    if (kept === undefined || position >= this.#end) return undefined;
    return position === kept.from ? kept.frame : kept.frame.subarray(position - kept.from);
  }

  clear(): void {
    this.#frames = [];
    this.#head = 0;
  }

  /** Positions are ordered: halving finds the last frame that begins at or before `position`. */
  #findIndex(position: number): number {
    let low = this.#head;
    let high = this.#frames.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      const kept = this.#frames[middle];
      if (kept !== undefined && kept.from <= position) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #dropOldest(): void {
    this.#head += 1;
    // Moving the rest only when half is gone keeps each removal at constant cost on average.
    if (this.#head * 2 <= this.#frames.length) return;
    this.#frames = this.#frames.slice(this.#head);
    this.#head = 0;
  }
}
