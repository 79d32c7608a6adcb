import type { RecognitionOptions } from "../../../../src/relay/recognition/recognition-options.ts";
import type { Recovery } from "../../../../src/relay/recovery/recovered-finals.ts";
import type { SessionGrant } from "../../../../src/speech/provider-adapter.ts";
import type { ProviderError } from "../../../../src/speech/provider-error.ts";

type Socket = Bun.ServerWebSocket<ToySession>;

/** One of the toy's sessions, over the sockets that its client opens. It says what a test tells it to. */
export class ToySession implements SessionGrant {
  readonly id: string;
  readonly url: string;
  /** All audio that came, in the frames in which it came, over whichever socket. */
  readonly frames: Buffer[] = [];
  /** All text that came. */
  readonly texts: string[] = [];
  /** With which codes its sockets were closed, by either side. */
  readonly closeCodes: number[] = [];
  byteCount = 0;
  socketCount = 0;
  #socket: Socket | undefined;
  #acknowledged = 0;

  constructor(id: string, url: string) {
    this.id = id;
    this.url = url;
  }

  get isConnected(): boolean {
    return this.#socket !== undefined;
  }

  get audio(): Buffer {
    return Buffer.concat(this.frames);
  }

  /** Says each line to the client, if there is one. */
  say(...lines: readonly string[]): void {
    for (const line of lines) this.#socket?.send(line);
  }

  sayBytes(bytes: Uint8Array): void {
    this.#socket?.send(bytes);
  }

  /** Acknowledges everything that came since the last time. */
  acknowledge(): void {
    this.say(`heard ${this.#acknowledged} ${this.byteCount - 1}`);
    this.#acknowledged = this.byteCount;
  }

  close(code: number): void {
    this.#socket?.close(code);
  }

  /** Breaks the socket without a word. */
  terminate(): void {
    this.#socket?.terminate();
  }

  /** What its server calls. */
  opened(socket: Socket): void {
    this.#socket = socket;
    this.socketCount += 1;
  }

  received(data: string | Buffer): void {
    if (typeof data === "string") {
      this.texts.push(data);
      return;
    }
    this.frames.push(data);
    this.byteCount += data.byteLength;
  }

  closed(socket: Socket, code: number): void {
    this.closeCodes.push(code);
    if (socket === this.#socket) this.#socket = undefined;
  }
}

/** A provider on a real port. `scripted-adapter.ts` says what its lines mean. It does nothing by itself. */
export class ToyProvider implements AsyncDisposable {
  /** In the order in which they were granted. */
  readonly sessions: ToySession[] = [];
  /** What its sessions were asked to be. */
  readonly requests: RecognitionOptions[] = [];
  /** Each fails one request. */
  readonly refusals: ProviderError[] = [];
  /** What is told of a session that is over, by its id. */
  readonly recoveries = new Map<string, Recovery>();
  /** Which sessions were asked for their finals. */
  readonly asked: string[] = [];
  /** Headers of every handshake. */
  readonly handshakes: Headers[] = [];
  /** So many handshakes are refused. */
  refusedHandshakes = 0;
  /** Holds every handshake up until it settles. */
  handshakesHeld: Promise<void> | undefined;
  readonly #server: Bun.Server<ToySession>;

  constructor() {
    this.#server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: (request, server) => this.#shakeHands(request, server),
      websocket: {
        // The runtime reads the type of a socket's data from here, and nothing else.
        data: {} as ToySession,
        maxPayloadLength: 2 ** 20,
        open: (socket) => socket.data.opened(socket),
        message: (socket, data) => socket.data.received(data),
        close: (socket, code) => socket.data.closed(socket, code),
      },
    });
  }

  /** A session that nobody asked for. */
  grant(): ToySession {
    const id = `toy-${this.sessions.length + 1}`;
    const session = new ToySession(id, new URL(id, this.#server.url).href.replace("http", "ws"));
    this.sessions.push(session);
    return session;
  }

  /** The session that was granted last. */
  get session(): ToySession {
    return this.sessions.at(-1)!;
  }

  async request(options: RecognitionOptions, signal: AbortSignal): Promise<SessionGrant> {
    this.requests.push(options);
    const refusal = this.refusals.shift();
    if (refusal !== undefined) throw refusal;
    signal.throwIfAborted();
    return this.grant();
  }

  async tell(id: string, signal: AbortSignal): Promise<Recovery> {
    this.asked.push(id);
    if (signal.aborted) return { kind: "unavailable", reason: "aborted" };
    return this.recoveries.get(id) ?? { kind: "unavailable", reason: "not-kept" };
  }

  /** Answers a request that has nothing to do with any session: what was asked of the toy before has come by then. */
  async answer(): Promise<void> {
    await fetch(this.#server.url);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop(true);
  }

  async #shakeHands(
    request: Request,
    server: Bun.Server<ToySession>,
  ): Promise<Response | undefined> {
    if (request.headers.has("upgrade")) this.handshakes.push(request.headers);
    await this.handshakesHeld;
    const data = this.sessions.find(({ url }) => url.endsWith(new URL(request.url).pathname));
    const isRefused = this.refusedHandshakes > 0;
    if (isRefused) this.refusedHandshakes -= 1;
    if (isRefused || data === undefined) return new Response("", { status: 503 });
    return server.upgrade(request, { data }) ? undefined : new Response("", { status: 400 });
  }
}
