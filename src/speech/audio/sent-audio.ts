import type { Acknowledgements } from "../provider-adapter.ts";

/** From this byte of the provider's count on, it holds so much audio twice. */
export interface Drift {
  readonly at: number;
  readonly bytes: number;
}

/**
 * What a provider session was sent over its sockets, and what it has of it: in bytes, as the provider counts them.
 *
 * Its acknowledgements are believed as far as there is audio that they can be about: one that counts wrongly must not cost any.
 */
export class SentAudio {
  readonly #acknowledgements: Acknowledgements;
  readonly #bytesPerSample: number;
  /** Bytes that the provider has when everything sent has arrived. */
  #sentBytes = 0;
  #acknowledgedBytes = 0;
  /** Sent over earlier sockets, not acknowledged there, and sent again: the provider may have it twice. */
  #uncertainBytes = 0;
  /** The provider's count that the first acknowledgement on this socket should begin at. */
  #resumedAt: number | undefined;

  constructor(acknowledgements: Acknowledgements, bytesPerSample: number) {
    this.#acknowledgements = acknowledgements;
    this.#bytesPerSample = bytesPerSample;
  }

  get sentBytes(): number {
    return this.#sentBytes;
  }

  get acknowledgedBytes(): number {
    return this.#acknowledgedBytes;
  }

  /** The provider can have heard no more than this, whatever was lost with its sockets. */
  get heardBytesMax(): number {
    return this.#sentBytes + this.#uncertainBytes;
  }

  get isAcknowledged(): boolean {
    return this.#sentBytes === this.#acknowledgedBytes;
  }

  note(frameBytes: number): void {
    this.#sentBytes += frameBytes;
  }

  /** Another socket: what was not acknowledged is sent again. */
  resume(): void {
    this.#uncertainBytes += this.#sentBytes - this.#acknowledgedBytes;
    this.#resumedAt = this.#acknowledgedBytes;
    this.#sentBytes = this.#acknowledgedBytes;
  }

  /** Tells what the provider turns out to hold twice, because acknowledgements were lost with an earlier socket. */
  acknowledge(from: number, to: number): Drift | undefined {
    const hasBytes = this.#acknowledgements.read(from, to);
    const drift = this.#findDrift(from);
    if (drift !== undefined) this.#sentBytes += drift.bytes;
    // Never back, and never beyond what was sent.
    this.#acknowledgedBytes = Math.min(
      Math.max(this.#acknowledgedBytes, hasBytes),
      this.#sentBytes,
    );
    return drift;
  }

  #findDrift(countsFrom: number): Drift | undefined {
    const resumedAt = this.#resumedAt;
    const bytesMax = this.#uncertainBytes;
    this.#resumedAt = undefined;
    this.#uncertainBytes = 0;
    if (resumedAt === undefined) return undefined;
    const bytes = Math.min(countsFrom - resumedAt, bytesMax);
    return bytes < this.#bytesPerSample ? undefined : { at: resumedAt + bytes, bytes };
  }
}
