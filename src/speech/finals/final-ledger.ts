/** A stretch of the source that has its final, in seconds. */
export interface FinalStretch {
  /** Under which the final was passed on. */
  readonly key: string;
  /** Which the provider gave it: another one where the whole took the place of a piece. */
  readonly ownKey: string;
  readonly start: number;
  readonly end: number;
}

/** Finals remembered: more than six hours of lively speech. No replay reaches so far back. */
const STRETCHES_MAX = 8192;

/** Two provider sessions may place the same utterance apart by so much. */
const SLACK_SECONDS = 0.1;

/** No word is as short as this. */
const WORD_SECONDS = 0.1;

/**
 * Which stretches of the source have got their final.
 *
 * After a replay the provider may report a stretch again, under another id. A final whose stretch is covered already is such
 * a repetition; somebody who says "yes" twice says it in two stretches, and keeps both.
 */
export class FinalLedger {
  /** By their ends, so that a look at the latest ones is enough. */
  readonly #stretches: FinalStretch[] = [];

  /** End of the latest stretch, in seconds of the source. */
  get end(): number {
    return this.#stretches.at(-1)?.end ?? 0;
  }

  add(stretch: FinalStretch): void {
    const index = this.#stretches.findLastIndex(({ end }) => end <= stretch.end);
    this.#stretches.splice(index + 1, 0, stretch);
    if (this.#stretches.length > STRETCHES_MAX) this.#stretches.shift();
  }

  /** The stretch of the final that was passed on under this key. */
  find(key: string): FinalStretch | undefined {
    return this.#stretches.findLast((stretch) => stretch.key === key);
  }

  remove(stretch: FinalStretch): void {
    const index = this.#stretches.lastIndexOf(stretch);
    if (index !== -1) this.#stretches.splice(index, 1);
  }

  /** True when finals cover more than half of the stretch. */
  covers(start: number, end: number): boolean {
    if (end <= start) return this.#endingAfter(start).some((stretch) => stretch.start <= start);
    return this.#coveredSeconds(start, end) * 2 > end - start;
  }

  /**
   * The final of a mere piece of what was said in the given stretch. A replay that begins in the middle of an utterance makes the
   * provider report its rest as a final; the utterance as a whole, which is reported later, replaces that piece. Undefined
   * where finals cover the stretch but for less than a word.
   */
  findPiece(start: number, end: number): FinalStretch | undefined {
    if (end - start - this.#coveredSeconds(start, end) < WORD_SECONDS) return undefined;
    return this.#endingAfter(start).find(
      (stretch) => stretch.start >= start - SLACK_SECONDS && stretch.end <= end + SLACK_SECONDS,
    );
  }

  #coveredSeconds(start: number, end: number): number {
    return this.#endingAfter(start).reduce(
      (sum, stretch) =>
        sum + Math.max(0, Math.min(end, stretch.end) - Math.max(start, stretch.start)),
      0,
    );
  }

  #endingAfter(position: number): readonly FinalStretch[] {
    return this.#stretches.slice(this.#stretches.findLastIndex(({ end }) => end <= position) + 1);
  }
}
