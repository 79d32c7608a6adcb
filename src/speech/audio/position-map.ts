/** From `provider` on, the provider's count of bytes and the source's run side by side. */
interface Run {
  readonly provider: number;
  readonly source: number;
}

/** Runs remembered. A session that was resumed more often than this has other worries than the times of its first words. */
const RUNS_MAX = 256;

/**
 * Where the audio that a provider session has counted stands in the source (R14).
 *
 * The two counts differ: a session may begin in the middle of the source, audio may be dropped, and after a resume the
 * provider may hold audio twice, whose acknowledgement was lost.
 */
export class PositionMap {
  readonly #runs: Run[] = [];

  /** Notes that the provider's byte `provider` is the source's byte `source`, and so on from there. */
  begin(provider: number, source: number): void {
    // A run that nothing was sent in says nothing.
    while ((this.#runs.at(-1)?.provider ?? -1) >= provider) this.#runs.pop();
    this.#runs.push({ provider, source });
    if (this.#runs.length > RUNS_MAX) this.#runs.shift();
  }

  toSource(provider: number): number {
    const run = this.#runs.findLast((candidate) => candidate.provider <= provider) ?? this.#runs[0];
    return run === undefined ? provider : run.source + provider - run.provider;
  }
}
