import { deadline } from "../../../../src/kernel/deadline.ts";
import { sleep } from "../../../../src/kernel/timers.ts";
import type { Simulator } from "../../../../src/simulator/simulator.ts";
import type { LiveMessage } from "../../../../src/simulator/wire/messages.ts";

/** Loopback answers in milliseconds; a machine under load gets its time too. */
const WAIT_MS = 30_000;

export interface OpenedSession {
  readonly id: string;
  readonly url: string;
}

export function post(simulator: Simulator, body: unknown, key = "key"): Promise<Response> {
  return fetch(new URL("/v2/live", simulator.url), {
    method: "POST",
    headers: { "x-gladia-key": key, "content-type": "application/json" },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}

export async function openSession(simulator: Simulator, body: unknown): Promise<OpenedSession> {
  const response = await post(simulator, body);
  if (response.status !== 201) throw new Error(`expected 201, got ${response.status}`);
  return (await response.json()) as OpenedSession;
}

/** What GET tells about a session, as far as tests look at it. */
export interface Job {
  readonly status: string;
  readonly result: {
    readonly transcription: { readonly utterances: readonly unknown[] };
    readonly messages: readonly string[];
  } | null;
}

export async function readJob(simulator: Simulator, id: string): Promise<Job> {
  const response = await fetch(new URL(`/v2/live/${id}`, simulator.url), {
    headers: { "x-gladia-key": "key" },
  });
  return (await response.json()) as Job;
}

/** Looks until it is so: for what the simulator does after a socket's last event. */
export async function eventually(isSo: () => boolean): Promise<void> {
  const stopping = new AbortController();
  const watching = (async () => {
    while (!isSo() && !stopping.signal.aborted) await sleep(5);
  })();
  await deadline(watching, WAIT_MS, "what is waited for").finally(() => stopping.abort());
}

type MessageOf<Type> = Extract<LiveMessage, { readonly type: Type }>;

/** A plain WebSocket that keeps what it gets, in order, and can be waited for. */
export class LiveClient {
  readonly socket: WebSocket;
  readonly messages: LiveMessage[] = [];
  /** What is not JSON. */
  readonly oddFrames: string[] = [];
  readonly #closed = Promise.withResolvers<{ code: number; reason: string }>();
  readonly #opened = Promise.withResolvers<void>();
  #onMessage = Promise.withResolvers<void>();

  private constructor(url: string) {
    this.socket = new WebSocket(url);
    this.socket.binaryType = "arraybuffer";
    this.socket.addEventListener("open", () => this.#opened.resolve());
    this.socket.addEventListener("message", (event: MessageEvent<string>) => {
      this.#keep(event.data);
      this.#onMessage.resolve();
      this.#onMessage = Promise.withResolvers();
    });
    this.socket.addEventListener("close", ({ code, reason }) => {
      this.#opened.reject(new Error(`closed with ${code} before it opened`));
      this.#closed.resolve({ code, reason });
    });
    // A socket that closes before it opens is reported to whoever waits for it.
    this.#opened.promise.catch(() => undefined);
  }

  #keep(frame: string): void {
    try {
      this.messages.push(JSON.parse(frame) as LiveMessage);
    } catch {
      this.oddFrames.push(frame);
    }
  }

  static async open(url: string): Promise<LiveClient> {
    const client = new LiveClient(url);
    await deadline(client.#opened.promise, WAIT_MS, "the handshake");
    return client;
  }

  /** The close of this socket, whether it comes or has come. */
  get closed(): Promise<{ code: number; reason: string }> {
    return deadline(this.#closed.promise, WAIT_MS, "the close");
  }

  of<Type extends LiveMessage["type"]>(type: Type): MessageOf<Type>[] {
    return this.messages.filter((message): message is MessageOf<Type> => message.type === type);
  }

  get finals(): string[] {
    return this.of("transcript")
      .filter(({ data }) => data.is_final)
      .map(({ data }) => data.utterance.text.trim());
  }

  /** Resolves once `count` messages of the type have come. */
  async until<Type extends LiveMessage["type"]>(type: Type, count = 1): Promise<MessageOf<Type>[]> {
    while (this.of(type).length < count) {
      await deadline(this.#onMessage.promise, WAIT_MS, `${count} messages ${type}`);
    }
    return this.of(type);
  }

  sendAudio(audio: Uint8Array, frameBytes = 3200): void {
    for (let from = 0; from < audio.length; from += frameBytes) {
      this.socket.send(audio.slice(from, from + frameBytes));
    }
  }

  stopRecording(): void {
    this.socket.send('{"type":"stop_recording"}');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.close(4500);
    await this.closed;
  }
}
