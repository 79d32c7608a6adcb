/**
 * A local server that speaks the provider's live protocol, for the demo and for tests.
 *
 * It listens to the audio that it gets: utterances follow from loudness, words from the bundled
 * sample where that is what is played; elsewhere they are marked as simulated. Add-ons, callbacks
 * and the list of jobs are absent; of several channels the first is heard. `startSimulator` opens
 * it on loopback, `stop` closes everything it has opened. What goes wrong is ordered by `inflict`
 * or scripted by `schedule`; the kinds are in faults/fault.ts.
 */
import { every, monotonicMs, type RunningTimer } from "../kernel/timers.ts";
import { answerError } from "./answers.ts";
import { FaultDesk } from "./fault-desk.ts";
import type { Fault, ScriptedFault } from "./faults/fault.ts";
import { Overlap } from "./faults/overlap.ts";
import { Poison } from "./faults/poison.ts";
import { Recording } from "./hearing/recording.ts";
import { LiveApi } from "./live-api.ts";
import { loadSample } from "./sample/sample.ts";
import { SessionBook } from "./session-book.ts";
import type { AudioIntakeOptions, ReceivedAudio } from "./session/audio-intake.ts";
import type { SimulatedSession } from "./session/simulated-session.ts";
import type { SimulatedSocket } from "./session/simulated-socket.ts";

/** The provider closes with 1009 above it. */
const FRAME_BYTES_MAX = 1_048_576;
/**
 * No session outstays a limit by more than this; limits in tests are shorter and swept more often.
 */
const SWEEP_INTERVAL_MS_MAX = 1000;

export interface SimulatorOptions {
  /** 0 lets the system choose. */
  readonly port?: number;
  /** The one key that is accepted; empty accepts every key that is not. */
  readonly apiKey?: string;
  /** Sessions that have not ended; one more is answered with 429. */
  readonly sessionsMax?: number;
  /** From the end of an utterance to its final. The provider takes about a second. */
  readonly finalDelayMs?: number;
  /** Finals have at least so many characters, to fill the buffers of whoever does not read them. */
  readonly finalLengthMin?: number;
  /** Before a POST is answered. */
  readonly postDelayMs?: number;
  /** Before a socket's handshake is answered. */
  readonly openDelayMs?: number;
  /** A socket without audio for this long is closed with 1011; its session can be resumed. */
  readonly idleMs?: number;
  /** A session without a socket for this long ends. */
  readonly resumeMs?: number;
  /** A session that has lasted this long is ended: trailing finals, then `sessionEndCode`. */
  readonly sessionMs?: number;
  readonly sessionEndCode?: number;
  /** Whether the byte range of an acknowledgment holds its end; `exclusive` where absent. */
  readonly rangeEnd?: AudioIntakeOptions["rangeEnd"];
  /** Keeps all audio for `received`; off where absent. */
  readonly recordAudio?: boolean;
  /** Every n-th final of all sessions carries a NUL, which PostgreSQL refuses; `Infinity`: none. */
  readonly poisonEvery?: number;
  /** Every n-th final of all sessions is followed by one of a word that overlaps it; `Infinity`: none. */
  readonly overlapEvery?: number;
}

const DEFAULTS: Required<SimulatorOptions> = {
  port: 0,
  apiKey: "",
  // More than a load test opens; a bound all the same.
  sessionsMax: 10_000,
  finalDelayMs: 0,
  finalLengthMin: 0,
  postDelayMs: 0,
  openDelayMs: 0,
  // As reported of the provider.
  idleMs: 30_000,
  // The provider has not told its own limit; long enough for every retry, short enough to free the
  // place.
  resumeMs: 60_000,
  sessionMs: 3 * 60 * 60 * 1000,
  sessionEndCode: 1000,
  rangeEnd: "exclusive",
  recordAudio: false,
  poisonEvery: Infinity,
  overlapEvery: Infinity,
};

/** What a test may want to know about a session. */
export interface SessionObservation {
  readonly id: string;
  readonly status: SimulatedSession["status"];
  readonly isConnected: boolean;
  /** Sockets that it has had. */
  readonly connectionCount: number;
  /** Audio received over all of them. */
  readonly byteCount: number;
}

/** Loads the bundled sample, then listens. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const recording = new Recording(await loadSample());
  const complete = { ...DEFAULTS, ...options };
  const poison = new Poison(complete.poisonEvery);
  const overlap = new Overlap(complete.overlapEvery);
  return new Simulator({ sessions: new SessionBook({ recording, poison, overlap }) }, complete);
}

/** Modes: listening → stopped. */
export class Simulator {
  readonly #sessions: SessionBook;
  readonly #faults: FaultDesk;
  readonly #api: LiveApi;
  readonly #server: Bun.Server<SimulatedSocket>;
  readonly #sweep: RunningTimer;
  readonly #stopping = new AbortController();

  constructor(deps: { readonly sessions: SessionBook }, options: Required<SimulatorOptions>) {
    const { sessions } = deps;
    const { idleMs, resumeMs, sessionMs } = options;
    this.#sessions = sessions;
    this.#faults = new FaultDesk({ sessions });
    this.#api = new LiveApi(
      { sessions, faults: this.#faults, stopping: this.#stopping.signal },
      options,
    );
    this.#server = listen(options.port, this.#api, this.#faults);
    const shortestMs = Math.min(idleMs, resumeMs, sessionMs);
    this.#sweep = every(Math.min(SWEEP_INTERVAL_MS_MAX, shortestMs / 4), () => {
      const nowMs = monotonicMs();
      for (const session of sessions.sessions) session.sweep(nowMs, options);
    });
  }

  /** What to use as the provider's API URL. */
  get url(): string {
    return `http://127.0.0.1:${this.#server.port}`;
  }

  /** Sessions that have not ended, with or without a socket. */
  get openSessionCount(): number {
    return this.#sessions.openCount;
  }

  /** Requests for a session so far, refused ones among them. */
  get postCount(): number {
    return this.#api.postCount;
  }

  /** Handshakes so far, refused ones among them. */
  get handshakeCount(): number {
    return this.#api.handshakeCount;
  }

  /** In the order of their creation; of those that ended, the latest thousand. */
  observe(): SessionObservation[] {
    return this.#sessions.sessions.map((session) => ({
      id: session.id,
      status: session.status,
      isConnected: session.isConnected,
      connectionCount: session.connectionCount,
      byteCount: session.byteCount,
    }));
  }

  /** What a session heard; undefined for an unknown one, and unless audio is recorded. */
  received(sessionId: string): ReceivedAudio | undefined {
    return this.#sessions.findById(sessionId)?.received;
  }

  inflict(fault: Fault): void {
    this.#faults.inflict(fault);
  }

  /** Calls off what was ordered or scripted and has not struck: the provider is sound again. */
  heal(): void {
    this.#faults.heal();
  }

  /** Adds to what is scripted. */
  schedule(script: readonly ScriptedFault[]): void {
    this.#faults.schedule(script);
  }

  /** Scripted faults that have not struck. */
  get scriptedCount(): number {
    return this.#faults.scriptedCount;
  }

  /** Answers the next POST with `status`, whatever it asks for. Several calls wait in line. */
  refuseNext(status: number, details: { readonly retryAfterSeconds?: number } = {}): void {
    this.inflict({ kind: "refuse-posts", count: 1, status, ...details });
  }

  /**
   * Closes every open socket. The sessions can be resumed, unless `code` is 1000 or 4400 to 4499.
   */
  closeSockets(code: number): void {
    this.inflict({ kind: "close", code });
  }

  /** Lets go of everything; returns when nothing listens any more. Repetition is harmless. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#sweep.stop();
    for (const session of this.#sessions.sessions) this.#sessions.remove(session);
    await this.#server.stop(true);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

type OneSession = Bun.BunRequest<"/v2/live/:id">;

function listen(port: number, api: LiveApi, faults: FaultDesk): Bun.Server<SimulatedSocket> {
  return Bun.serve<SimulatedSocket>({
    hostname: "127.0.0.1",
    port,
    // A request that hangs on demand does so for as long as was asked.
    idleTimeout: 0,
    routes: {
      "/v2/live": {
        GET: (request: Request, server: Bun.Server<SimulatedSocket>) =>
          api.openSocket(request, server),
        POST: (request: Request) => api.createSession(request),
      },
      "/v2/live/:id": {
        GET: (request: OneSession) => api.readSession(request, request.params.id),
        DELETE: (request: OneSession) => api.deleteSession(request, request.params.id),
      },
    },
    fetch: (request) => answerError(request, 404),
    websocket: {
      maxPayloadLength: FRAME_BYTES_MAX,
      // Bun's own limit closes without saying why; the sweep has a code for it.
      idleTimeout: 0,
      open(connection) {
        connection.data.open(connection);
        const fault = faults.takeOpen();
        if (fault !== undefined) connection.close(fault.code, "closed on demand");
      },
      message(connection, message) {
        connection.data.hear(message);
        faults.hear(message.length);
      },
      close: (connection, code) => connection.data.noteClose(code),
    },
  });
}
