export interface ProviderSocketDeps {
  readonly onOpen: () => void;
  readonly onText: (text: string) => void;
  /** A socket is gone, or never opened. Not called for one that this side let go of. */
  readonly onLost: (code: number, wasOpen: boolean) => void;
}

/** The one socket of a provider session at a time. What an earlier one still says is not heard. */
export class ProviderSocket {
  readonly #deps: ProviderSocketDeps;
  readonly #url: string;
  #socket: WebSocket | undefined;
  #isOpen = false;
  #connectedAtMs = 0;

  /** `url` is secret: it holds the session's token. */
  constructor(deps: ProviderSocketDeps, url: string) {
    this.#deps = deps;
    this.#url = url;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Whether a socket is there, open or not yet. */
  get isConnected(): boolean {
    return this.#socket !== undefined;
  }

  /** When the socket was asked for, or has opened, in milliseconds since the epoch. */
  get connectedAtMs(): number {
    return this.#connectedAtMs;
  }

  get bufferedBytes(): number {
    return this.#socket?.bufferedAmount ?? 0;
  }

  connect(): void {
    // Speech hardly compresses; deflating every frame would be the largest cost of a relay.
    const socket = new WebSocket(this.#url, { perMessageDeflate: false });
    this.#socket = socket;
    this.#connectedAtMs = Date.now();
    socket.addEventListener("open", () => {
      if (socket !== this.#socket) return;
      this.#isOpen = true;
      this.#connectedAtMs = Date.now();
      this.#deps.onOpen();
    });
    socket.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
      if (socket === this.#socket && typeof data === "string") this.#deps.onText(data);
    });
    socket.addEventListener("close", ({ code }) => {
      if (socket !== this.#socket) return;
      const wasOpen = this.#forget();
      this.#deps.onLost(code, wasOpen);
    });
    // The close event follows and says the same; without a listener the error would be an uncaught one.
    socket.addEventListener("error", () => undefined);
  }

  send(data: Uint8Array | string): void {
    this.#socket?.send(data);
  }

  /** Returns whether the socket was open. */
  close(code: number): boolean {
    const socket = this.#socket;
    const wasOpen = this.#forget();
    socket?.close(code);
    return wasOpen;
  }

  #forget(): boolean {
    const wasOpen = this.#isOpen;
    this.#socket = undefined;
    this.#isOpen = false;
    return wasOpen;
  }
}
