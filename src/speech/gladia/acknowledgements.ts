import type { Acknowledgements } from "../provider-adapter.ts";

/**
 * Reads acknowledgements, whose byte ranges count the whole provider session.
 *
 * The provider's two descriptions disagree on whether a range's end is inside it. A range that does not hold whole samples,
 * or begins one after the end of the last one, shows that it is; from then on ends are counted so.
 */
export class GladiaAcknowledgements implements Acknowledgements {
  readonly #bytesPerSample: number;
  #isInclusive = false;
  #lastEnd = -1;

  constructor(bytesPerSample: number) {
    this.#bytesPerSample = bytesPerSample;
  }

  read(from: number, to: number): number {
    if ((to - from) % this.#bytesPerSample !== 0 || (from > 0 && from === this.#lastEnd + 1)) {
      this.#isInclusive = true;
    }
    this.#lastEnd = to;
    return this.#isInclusive ? to + 1 : to;
  }
}
