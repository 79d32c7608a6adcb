import type {
  ErrorMessage,
  ServerMessage,
  TranscriptionMessage,
} from "../../../../src/gateway/protocol/server-messages.ts";

export interface SocketOptions {
  readonly protocols?: string[];
  readonly headers?: Record<string, string>;
}

export interface Closed {
  readonly code: number;
  readonly reason: string;
}

type MessageOf<Type extends ServerMessage["type"]> = Extract<ServerMessage, { type: Type }>;

/** A client of the transcription socket that keeps what it is told. Disposing it closes it. */
export class SocketClient implements AsyncDisposable {
  readonly messages: ServerMessage[] = [];
  readonly opened: Promise<void>;
  readonly closed: Promise<Closed>;
  readonly #socket: WebSocket;
  readonly #waiting = new Set<() => void>();

  constructor(url: URL, { protocols = [], headers = {} }: SocketOptions = {}) {
    this.#socket = new WebSocket(url.href.replace(/^http/, "ws"), { protocols, headers });
    this.#socket.binaryType = "arraybuffer";
    const opened = Promise.withResolvers<void>();
    const closed = Promise.withResolvers<Closed>();
    this.opened = opened.promise;
    this.closed = closed.promise;
    this.#socket.addEventListener("open", () => opened.resolve());
    this.#socket.addEventListener("close", ({ code, reason }) => {
      opened.resolve();
      closed.resolve({ code, reason });
    });
    this.#socket.addEventListener("message", (event: MessageEvent<string>) => {
      // The tests judge by its parts whether it is one.
      this.messages.push(JSON.parse(event.data) as ServerMessage);
      for (const look of this.#waiting) look();
    });
  }

  /** The sub-protocol that the server has selected. */
  get protocol(): string {
    return this.#socket.protocol;
  }

  get transcriptions(): TranscriptionMessage[] {
    return this.messages.filter((message) => message.type === "transcription");
  }

  get errors(): ErrorMessage[] {
    return this.messages.filter((message) => message.type === "error");
  }

  send(message: Uint8Array<ArrayBuffer> | string | object): void {
    const isRaw = typeof message === "string" || message instanceof Uint8Array;
    this.#socket.send(isRaw ? message : JSON.stringify(message));
  }

  /** The first message of this type that fits, whether it has come already or is still to come. */
  async message<Type extends ServerMessage["type"]>(
    type: Type,
    fits: (message: MessageOf<Type>) => boolean = () => true,
  ): Promise<MessageOf<Type>> {
    const isWanted = (message: ServerMessage): message is MessageOf<Type> =>
      // The type was just compared.
      message.type === type && fits(message as MessageOf<Type>);
    const { promise, resolve } = Promise.withResolvers<MessageOf<Type>>();
    const look = () => {
      const found = this.messages.find(isWanted);
      if (found !== undefined) resolve(found);
    };
    this.#waiting.add(look);
    look();
    return promise.finally(() => this.#waiting.delete(look));
  }

  close(): void {
    this.#socket.close(1000);
  }

  /** Lets go of the socket without a close frame. */
  cut(): void {
    this.#socket.terminate();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    await this.closed;
  }
}
