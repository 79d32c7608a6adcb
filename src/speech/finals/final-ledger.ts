/** A stretch of the source that has its final, in seconds. */
export interface FinalStretch {
  /** Under which the final was passed on. */
  readonly key: string;
  /** Which the provider gave it: another one where the whole took the place of a piece. */
  readonly ownKey: string;
  /** As `ReportingSession` has it. */
  readonly lap: string;
  readonly start: number;
  readonly end: number;
}

/** Finals remembered: more than six hours of lively speech. No replay reaches so far back. */
const STRETCHES_MAX = 8192;

/** Two provider sessions may place the same utterance apart by so much. */
const SLACK_SECONDS = 0.1;

/** No word is as short as this. */
const WORD_SECONDS = 0.1;

/** Seconds are sums of floating-point numbers: what is less than this apart is the same. */
const SAME_SECONDS = 1e-6;

/**
 * Which stretches of the source have got their final.
 *
 * After a replay the provider may report a stretch again, under another id. A final whose stretch is covered already is such
 * a repetition; somebody who says "yes" twice says it in two stretches, and keeps both.
 *
 * Only the finals of other laps are looked at: within one the provider hears no word twice and its ids decide, however the places
 * of two finals overlap.
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
  covers(start: number, end: number, lap: string): boolean {
    const others = this.#othersAfter(start, lap);
    if (end <= start) return others.some((stretch) => stretch.start <= start);
    return coveredSeconds(others, start, end) * 2 > end - start + SAME_SECONDS;
  }

  /**
   * The final of a mere piece of what was said in the given stretch. A replay that begins in the middle of an utterance makes the
   * provider report its rest as a final; the utterance as a whole, which is reported later, replaces that piece. Undefined
   * where finals cover the stretch but for a word at most.
   */
  findPiece(start: number, end: number, lap: string): FinalStretch | undefined {
    const others = this.#othersAfter(start, lap);
    const newSeconds = end - start - coveredSeconds(others, start, end);
    if (newSeconds < WORD_SECONDS + SAME_SECONDS) return undefined;
    const slackSeconds = SLACK_SECONDS + SAME_SECONDS;
    return others.find(
      (stretch) => stretch.start >= start - slackSeconds && stretch.end <= end + slackSeconds,
    );
  }

  #othersAfter(position: number, lap: string): readonly FinalStretch[] {
    const index = this.#stretches.findLastIndex(({ end }) => end <= position);
    return this.#stretches.slice(index + 1).filter((stretch) => stretch.lap !== lap);
  }
}

function coveredSeconds(stretches: readonly FinalStretch[], start: number, end: number): number {
  return stretches.reduce(
    (sum, stretch) =>
      sum + Math.max(0, Math.min(end, stretch.end) - Math.max(start, stretch.start)),
    0,
  );
}
