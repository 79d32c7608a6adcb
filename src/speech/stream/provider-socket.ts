import { monotonicMs } from "../../kernel/timers.ts";

export interface ProviderSocketDeps {
  readonly onOpen: () => void;
  readonly onText: (text: string) => void;
  /** A socket is gone, or never opened. Not called for one that this side let go of. */
  readonly onLost: (code: number, wasOpen: boolean) => void;
  /** R24: one of the others threw, which is a bug. Must not throw. */
  readonly onFailed: (error: unknown) => void;
}

/** What a socket is counted as that could not even be asked for, or was given up (RFC 6455: closed without a close frame). */
export const CLOSE_ABNORMAL = 1006;

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

  /** When the socket was asked for, or has opened, by `monotonicMs`. */
  get connectedAtMs(): number {
    return this.#connectedAtMs;
  }

  get bufferedBytes(): number {
    return this.#socket?.bufferedAmount ?? 0;
  }

  connect(): void {
    this.#connectedAtMs = monotonicMs();
    const socket = this.#create();
    this.#socket = socket;
    if (socket === undefined) return this.#deps.onLost(CLOSE_ABNORMAL, false);
    const whileOurs = (act: () => void) => {
      if (socket === this.#socket) this.#guard(act);
    };
    socket.addEventListener("open", () =>
      whileOurs(() => {
        this.#isOpen = true;
        this.#connectedAtMs = monotonicMs();
        this.#deps.onOpen();
      }),
    );
    socket.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
      if (typeof data === "string") whileOurs(() => this.#deps.onText(data));
    });
    socket.addEventListener("close", ({ code }) =>
      whileOurs(() => this.#deps.onLost(code, this.#forget())),
    );
    // The close event follows and says the same; without a listener the error would be an uncaught one.
    socket.addEventListener("error", () => undefined);
    return undefined;
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

  /** Undefined for a URL that no socket can be made of: the error quotes it. */
  #create(): WebSocket | undefined {
    try {
      // Speech hardly compresses; deflating every frame would be the largest cost of a relay.
      return new WebSocket(this.#url, { perMessageDeflate: false });
    } catch {
      // The provider has named it: a further session may have a better one.
      return undefined;
    }
  }

  #guard(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#deps.onFailed(error);
    }
  }

  #forget(): boolean {
    const wasOpen = this.#isOpen;
    this.#socket = undefined;
    this.#isOpen = false;
    return wasOpen;
  }
}
