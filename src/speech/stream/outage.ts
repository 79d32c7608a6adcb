/**
 * An outage of the provider, from its first lost socket on until the provider has done something for the speech: acknowledged
 * audio, or said a transcript. A socket that opens is none of both, and ends no outage.
 */
export class Outage {
  #beganAtMs: number | undefined;

  /** Something is lost. False where the outage went on already. */
  begin(nowMs: number): boolean {
    if (this.#beganAtMs !== undefined) return false;
    this.#beganAtMs = nowMs;
    return true;
  }

  /** The provider is asked for the first time, or from the start once more: now it is its turn. */
  beginAnew(nowMs: number): void {
    this.#beganAtMs = nowMs;
  }

  /** The provider has done something. False where nobody missed it. */
  end(): boolean {
    const wasGoingOn = this.#beganAtMs !== undefined;
    this.#beganAtMs = undefined;
    return wasGoingOn;
  }

  durationMs(nowMs: number): number {
    return this.#beganAtMs === undefined ? 0 : nowMs - this.#beganAtMs;
  }
}
