import { OffsetMap } from "../../kernel/offset-map.ts";
import type { Alignment } from "../../relay/ports.ts";

export interface SessionPositionsDeps {
  /** From this moment on, the provider's seconds and the source's run side by side. */
  readonly onAligned: (alignment: Alignment) => void;
}

export interface SessionPositionsOptions {
  readonly providerSessionId: string;
  readonly bytesPerSecond: number;
}

/** Moments remembered. A session that was resumed more often has other worries than the times of its first words. */
const ALIGNMENTS_MAX = 256;

/**
 * Where the audio that a provider session has counted stands in the source (R14).
 *
 * The two counts differ: a session may begin in the middle of the source, audio may be dropped, and after a resume the
 * provider may hold audio twice, whose acknowledgement was lost.
 */
export class SessionPositions {
  readonly #deps: SessionPositionsDeps;
  readonly #options: SessionPositionsOptions;
  /** From the provider's bytes to the source's. */
  readonly #sourceBytes = new OffsetMap({ pointsMax: ALIGNMENTS_MAX });
  /** From the provider's bytes to the number of times that the source went back. */
  readonly #laps = new OffsetMap({ pointsMax: ALIGNMENTS_MAX });

  constructor(deps: SessionPositionsDeps, options: SessionPositionsOptions) {
    this.#deps = deps;
    this.#options = options;
  }

  /** The provider's byte `provider` is the source's byte `source`, and so on from there. Tells so. */
  align(provider: number, source: number): void {
    if (source < this.toSource(provider)) this.#laps.note(provider, this.#lapAt(provider) + 1);
    this.#sourceBytes.note(provider, source);
    this.tell(provider, source);
  }

  /** Tells that the two are the same moment, which the map knows already. */
  tell(provider: number, source: number): void {
    const { providerSessionId, bytesPerSecond } = this.#options;
    this.#deps.onAligned({
      providerSessionId,
      providerSeconds: provider / bytesPerSecond,
      sourceSeconds: source / bytesPerSecond,
    });
  }

  /** In bytes; what was never aligned is counted alike. */
  toSource(provider: number): number {
    return this.#sourceBytes.at(provider) ?? provider;
  }

  toSourceSeconds(providerSeconds: number): number {
    const { bytesPerSecond } = this.#options;
    return this.toSource(providerSeconds * bytesPerSecond) / bytesPerSecond;
  }

  /**
   * The lap that a moment of the provider's audio lies in: within one the source never goes back, so that the same word is not
   * said twice in it. Unique over all provider sessions.
   */
  lapOf(providerSeconds: number): string {
    const { providerSessionId, bytesPerSecond } = this.#options;
    return `${providerSessionId} ${this.#lapAt(providerSeconds * bytesPerSecond)}`;
  }

  #lapAt(provider: number): number {
    return this.#laps.pointAt(provider)?.[1] ?? 0;
  }
}
