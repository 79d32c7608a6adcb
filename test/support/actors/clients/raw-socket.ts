/** A TCP connection that says what it is told to, byte by byte, and keeps what it gets. Disposing it resets it. */
export class RawSocket implements AsyncDisposable {
  /** Resolves when the peer has ended it, by FIN or RST, or when it was ended here. */
  readonly ended: Promise<void>;
  readonly #ended = Promise.withResolvers<void>();
  readonly #chunks: Uint8Array[] = [];
  readonly #waiting = new Set<() => void>();
  #socket: Bun.Socket | undefined;
  #isEnded = false;
  #isFinished = false;

  private constructor() {
    this.ended = this.#ended.promise;
  }

  /** Rejects when nobody listens. */
  static async open(url: URL): Promise<RawSocket> {
    const raw = new RawSocket();
    raw.#socket = await Bun.connect({
      hostname: url.hostname,
      port: Number(url.port),
      // The peer's FIN must not be answered before the test says so.
      allowHalfOpen: true,
      socket: {
        data: (_, chunk) => raw.#take(chunk),
        drain: () => raw.#wake(),
        end: () => raw.#end(),
        close: () => raw.#end(),
        error: () => raw.#end(),
      },
    });
    return raw;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  get received(): Uint8Array {
    if (this.#chunks.length > 1) this.#chunks.splice(0, Infinity, Buffer.concat(this.#chunks));
    return this.#chunks[0] ?? new Uint8Array();
  }

  /** Bytes as text, one character each. */
  get receivedText(): string {
    return Buffer.from(this.received).toString("latin1");
  }

  /** Resolves when the kernel has taken everything, or nobody is there to take it. */
  async write(bytes: Uint8Array | string): Promise<void> {
    let unsent: Uint8Array = typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes;
    while (unsent.length > 0 && !this.#isEnded && !this.#isFinished) {
      const written = this.#socket?.write(unsent) ?? -1;
      if (written < 0) return;
      unsent = unsent.subarray(written);
      if (unsent.length > 0) await this.#change();
    }
  }

  /** Resolves once `isSo` or the connection has ended. */
  async until(isSo: () => boolean): Promise<void> {
    while (!this.#isEnded && !isSo()) await this.#change();
  }

  /** Leaves what comes to the kernel, whose buffers fill up. */
  stopReading(): void {
    this.#socket?.pause();
  }

  /** FIN: nothing more will be written. */
  finish(): void {
    this.#isFinished = true;
    this.#socket?.shutdown();
  }

  /** RST. */
  reset(): void {
    this.#socket?.terminate();
    this.#end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.reset();
    await this.ended;
  }

  #take(chunk: Uint8Array): void {
    // The runtime uses its buffer again.
    this.#chunks.push(Uint8Array.from(chunk));
    this.#wake();
  }

  #end(): void {
    this.#isEnded = true;
    this.#ended.resolve();
    this.#wake();
  }

  #change(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.add(resolve);
    return promise;
  }

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }
}
