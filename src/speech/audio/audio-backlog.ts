import type { MemoryBudget } from "../../relay/memory-budget.ts";

interface KeptFrame {
  readonly frame: Uint8Array;
  /** Position of its first byte. */
  readonly from: number;
}

export interface AudioBacklogOptions {
  /** Audio beyond it is never kept. */
  readonly bytesMax: number;
  /** So much of the latest audio is kept even when the memory of the process is exhausted. */
  readonly bytesMin: number;
}

/**
 * What a kept frame costs beyond its bytes: objects, and what the allocator rounds up. A frame of 3200 bytes from a socket took 3826
 * bytes of resident memory, 200,000 of them kept (Bun 1.4.5, Linux x64, 2026-11-23); one of 640 bytes took 1073.
 */
export const FRAME_OVERHEAD_BYTES = 640;

/**
 * Audio that may have to be sent, or sent again: a ring of frames by reference, by position (R10, R11).
 *
 * A position counts the bytes of the whole stream and never goes back. Frames are kept from `append` until `release`, at most
 * `bytesMax` of them: one beyond that pushes out the oldest (R12), and so does one that finds the memory of the process
 * exhausted. Nothing is copied; whoever appends a frame gives it away. Appending and releasing take constant time on
 * average, finding a position takes the logarithm of what is kept. What is kept is taken from `memory`; whoever made the
 * backlog clears it at the end, which gives everything back.
 */
export class AudioBacklog {
  readonly #memory: MemoryBudget;
  readonly #options: AudioBacklogOptions;
  /** Nothing stands where a frame was dropped: its memory is free at once. */
  #frames: (KeptFrame | undefined)[] = [];
  /** Index of the oldest kept frame. */
  #head = 0;
  #end = 0;

  constructor(memory: MemoryBudget, options: AudioBacklogOptions) {
    this.#memory = memory;
    this.#options = options;
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
    this.#memory.take(frame.byteLength + FRAME_OVERHEAD_BYTES);
    const { bytesMax } = this.#options;
    while (this.#end - this.start > bytesMax) this.#dropOldest();
    while (this.#memory.isExhausted && this.#canSpareOldest()) this.#dropOldest();
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
    const frameCount = this.#frames.length - this.#head;
    this.#memory.give(this.#end - this.start + frameCount * FRAME_OVERHEAD_BYTES);
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

  #canSpareOldest(): boolean {
    const next = this.#frames[this.#head + 1];
    return next !== undefined && this.#end - next.from >= this.#options.bytesMin;
  }

  #dropOldest(): void {
    const oldest = this.#frames[this.#head];
    if (oldest !== undefined) this.#memory.give(oldest.frame.byteLength + FRAME_OVERHEAD_BYTES);
    this.#frames[this.#head] = undefined;
    this.#head += 1;
    // Moving the rest only when half is gone keeps each removal at constant cost on average.
    if (this.#head * 2 <= this.#frames.length) return;
    this.#frames = this.#frames.slice(this.#head);
    this.#head = 0;
  }
}
