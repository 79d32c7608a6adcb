import type {
  ErrorMessage,
  ServerMessage,
  SessionMessage,
} from "../../../../src/gateway/protocol/server-messages.ts";
import { backoffMs } from "../../../../src/kernel/backoff.ts";
import { every, sleep } from "../../../../src/kernel/timers.ts";
import { FRAME_BYTES, openSocket, type Participant } from "./speaker.ts";

/** One connection as its client saw it. */
export interface MadeConnection {
  readonly messages: readonly ServerMessage[];
  /** Undefined when the client gave it up. */
  readonly closeCode: number | undefined;
}

/** One session as its client spoke into it, over all its connections. */
export interface SpokenSession {
  /** Where in the speech it begins, in bytes. */
  readonly fromBytes: number;
  /** In order; the first one began it, and each of the others came back to it. */
  readonly connections: readonly MadeConnection[];
  /** Audio that was too old to be sent again. */
  readonly givenUpBytes: number;
  /** Everything was said, `stop` after it, and the gateway has closed with 1000. */
  readonly isComplete: boolean;
}

export interface ResumingSpeakerDeps {
  /** Where the gateway is found. */
  readonly url: URL;
  /** In [0, 1). */
  readonly random: () => number;
}

export interface ResumingSpeakerOptions {
  readonly participant: Participant;
  /** 16 kHz, 16 bit, mono. */
  readonly speech: Uint8Array;
  /** So many times as fast as it was spoken, connected or not. */
  readonly speed: number;
  /** How the speech is recognised; said again at each coming back. */
  readonly query?: Readonly<Record<string, string>>;
  /** Audio of so long is kept to be sent again. */
  readonly keptMs?: number;
  /** A connection that says nothing for so long is given up. */
  readonly quietMs?: number;
}

const BYTES_PER_MS = FRAME_BYTES / 100;

/** As long as the gateway waits for its clients. */
const KEPT_MS = 30_000;
/** Somebody who speaks hears several partials a second. */
const QUIET_MS = 1500;
/** A machine that is slow itself must not be taken for a dead network time and again: patience doubles. */
const QUIET_MS_MAX = 12_000;
const QUIET_LOOK_MS = 100;

const BACKOFF = { firstMs: 50, mostMs: 1000 };
/** Connections in a row on which nothing was heard of what was said. */
const VAIN_MAX = 60;

/** Audio that waits in the socket is lost with it: no more is handed over than a second of it. */
const BUFFERED_BYTES_MAX = 64_000;
const BUFFERED_LOOK_MS = 10;

interface OpenSession {
  resume: string;
  fromBytes: number;
  /** In the speech: what the gateway said that it had, at the last coming back. */
  arrivedBytes: number;
  connections: MadeConnection[];
  givenUpBytes: number;
  isComplete: boolean;
}

/**
 * A client that does everything right: it keeps what it has sent, counts it, comes back after a jittered wait that is no
 * shorter than advised, sends again what has not arrived, and says `stop` until that is answered.
 *
 * Modes: created → speaking (`speak`) → done, or gone (`depart`). It goes on speaking while it is cut off. When its session is
 * over before everything was said, it begins another one with what the first one has not got, as far as that is known.
 */
export class ResumingSpeaker {
  readonly participant: Participant;
  readonly sessions: SpokenSession[] = [];
  /** Connections that broke before they said to which session they belong, or that were refused. */
  readonly vainConnections: MadeConnection[] = [];
  readonly #deps: ResumingSpeakerDeps;
  readonly #options: Required<ResumingSpeakerOptions>;
  /** The session to come back to. */
  #session: OpenSession | undefined;
  /** The highest `seq` of the session. */
  #after = 0;
  /** In the speech: what is sent next, and what has been sent at some time. */
  #cursorBytes = 0;
  #sentBytes = 0;
  #startedAtMs = 0;
  readonly #departing = new AbortController();

  constructor(deps: ResumingSpeakerDeps, options: ResumingSpeakerOptions) {
    this.#deps = deps;
    this.#options = { query: {}, keptMs: KEPT_MS, quietMs: QUIET_MS, ...options };
    this.participant = options.participant;
  }

  /** Resolves when it is done or gone; rejects when it is refused for good, or could not come back. */
  async speak(): Promise<void> {
    this.#startedAtMs = performance.now();
    for (let vain = 0; vain <= VAIN_MAX;) {
      const connection = await this.#connect(vain);
      if (this.#departing.signal.aborted || this.#endOf(connection)) return;
      vain = connection.messages.some(({ type }) => type === "transcription") ? 0 : vain + 1;
      const { retry_after_ms: advisedMs = 0 } = findError(connection) ?? {};
      const { random } = this.#deps;
      const waitMs = Math.max(advisedMs, backoffMs(vain + 1, { ...BACKOFF, random }));
      await sleep(waitMs, this.#departing.signal);
    }
    throw new Error(`${this.participant.identity} came back ${VAIN_MAX} times in vain`);
  }

  /** Drops everything without a word. */
  depart(): void {
    this.#departing.abort();
  }

  /** Resolves when the connection is over, however that came. */
  async #connect(vain: number): Promise<MadeConnection> {
    const { participant, quietMs } = this.#options;
    const socket = await openSocket(this.#deps.url, participant, this.#query());
    const messages: ServerMessage[] = [];
    const gone = new AbortController();
    const over = Promise.withResolvers<number | undefined>();
    const patienceMs = Math.max(quietMs, Math.min(QUIET_MS_MAX, quietMs * 2 ** vain));
    let heardAtMs = performance.now();
    let sending: Promise<void> | undefined;
    socket.addEventListener("close", ({ code }) => over.resolve(code));
    socket.addEventListener("message", ({ data }: MessageEvent<string>) => {
      if (gone.signal.aborted) return;
      heardAtMs = performance.now();
      // The verdict looks at its parts.
      const message = JSON.parse(data) as ServerMessage;
      messages.push(message);
      if (message.type === "session") {
        this.#takeUp(message);
        sending = this.#send(socket, gone.signal);
      } else if (sending !== undefined) this.#after = Math.max(this.#after, message.seq);
    });
    const look = every(QUIET_LOOK_MS, () => {
      const isQuiet = performance.now() - heardAtMs > patienceMs;
      if (isQuiet || this.#departing.signal.aborted) over.resolve(undefined);
    });
    const closeCode = await over.promise;
    look.stop();
    gone.abort();
    socket.terminate();
    await sending;
    const connection = { messages, closeCode };
    (sending === undefined ? this.vainConnections : this.#session?.connections)?.push(connection);
    return connection;
  }

  #query(): Readonly<Record<string, string>> {
    const { query } = this.#options;
    if (this.#session === undefined) return query;
    return { ...query, resume: this.#session.resume, after: String(this.#after) };
  }

  /** Goes on where the gateway says that its audio ends. */
  #takeUp({ resume, resumed, audio_received_ms: receivedMs }: SessionMessage): void {
    if (!resumed || this.#session === undefined) {
      this.#begin(resume);
      return;
    }
    const { fromBytes, givenUpBytes } = this.#session;
    const arrivedBytes = fromBytes + givenUpBytes + Math.round(receivedMs * BYTES_PER_MS);
    const keptFromBytes = this.#sentBytes - this.#options.keptMs * BYTES_PER_MS;
    this.#cursorBytes = Math.max(arrivedBytes, keptFromBytes);
    this.#session.arrivedBytes = arrivedBytes;
    this.#session.givenUpBytes += this.#cursorBytes - arrivedBytes;
  }

  #begin(resume: string): void {
    const fromBytes = this.#session === undefined ? this.#cursorBytes : this.#sentBytes;
    const session: OpenSession = {
      resume,
      fromBytes,
      arrivedBytes: fromBytes,
      connections: [],
      givenUpBytes: 0,
      isComplete: false,
    };
    this.#cursorBytes = fromBytes;
    this.#after = 0;
    this.#session = session;
    this.sessions.push(session);
  }

  /** Sends what has been spoken by now, and goes on as it is spoken; after the last of it, `stop`. */
  async #send(socket: WebSocket, signal: AbortSignal): Promise<void> {
    const { speech, speed } = this.#options;
    while (this.#cursorBytes < speech.byteLength) {
      const spokenAtMs = (this.#cursorBytes + FRAME_BYTES) / BYTES_PER_MS / speed;
      const waitMs = this.#startedAtMs + spokenAtMs - performance.now();
      if (waitMs > 0) await sleep(waitMs, signal);
      while (socket.bufferedAmount > BUFFERED_BYTES_MAX && !signal.aborted) {
        await sleep(BUFFERED_LOOK_MS, signal);
      }
      if (signal.aborted) return;
      socket.send(speech.subarray(this.#cursorBytes, this.#cursorBytes + FRAME_BYTES));
      this.#cursorBytes += FRAME_BYTES;
      this.#sentBytes = Math.max(this.#sentBytes, this.#cursorBytes);
    }
    socket.send('{"type":"stop"}');
  }

  /** True when there is nothing more to come back for. */
  #endOf(connection: MadeConnection): boolean {
    const error = findError(connection);
    if (error !== undefined && !error.retryable && error.resume === undefined) {
      throw new Error(`${this.participant.identity} was refused for good: ${error.code}`);
    }
    if (connection.closeCode !== 1000 || this.#session === undefined) return false;
    const isComplete = this.#cursorBytes >= this.#options.speech.byteLength;
    this.#session.isComplete = isComplete;
    // The session was over already: what it has not got goes into the next one.
    this.#cursorBytes = this.#session.arrivedBytes;
    this.#session = undefined;
    return isComplete;
  }
}

/** Why the gateway has closed it. */
function findError({ messages }: MadeConnection): ErrorMessage | undefined {
  return messages.findLast((message) => message.type === "error");
}
