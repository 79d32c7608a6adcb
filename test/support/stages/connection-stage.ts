/** Connections over sockets that only remember: for what depends on a reader's pace, on time, or on a broken socket. */
import { ClientConnection } from "../../../src/gateway/client-connection.ts";
import type { Identification } from "../../../src/gateway/door/admission.ts";
import type { ResumeRequest } from "../../../src/gateway/door/resume-request.ts";
import type { ServerMessage } from "../../../src/gateway/protocol/server-messages.ts";
import { SeatDesk } from "../../../src/gateway/seat/seat-desk.ts";
import { Watched } from "../../../src/kernel/watched.ts";
import { Health } from "../../../src/observe/health.ts";
import { Metrics } from "../../../src/observe/metrics.ts";
import { MemoryBudget } from "../../../src/relay/memory-budget.ts";
import type { Speaker, Transcript } from "../../../src/relay/ports.ts";
import { SessionRegistry } from "../../../src/relay/session/session-registry.ts";
import { ScriptedProvider } from "../actors/doubles/scripted-provider.ts";
import { recordedLog, type RecordedLog } from "../probes/recorded-log.ts";
import { recognition, relayStage, sessionLimits, speaker } from "./relay-stage.ts";

export const EXPIRES_AT_MS = 2_000_000_000_000;

/** For a client that comes back and has seen nothing. */
export const NEVER_READ = { after: 0 };

/** A socket whose reader is as slow as the test wants it to be. */
export class RecordedSocket {
  readonly sent: ServerMessage[] = [];
  readonly closes: (readonly [code: number, reason: string])[] = [];
  bufferedBytes = 0;
  /** Called at once when the gateway closes, as Bun does it. */
  onClosed: (code: number, reason: string) => void = () => {};

  send(text: string): number {
    // The tests judge by its parts whether it is one.
    this.sent.push(JSON.parse(text) as ServerMessage);
    return text.length;
  }

  close(code: number, reason: string): void {
    this.closes.push([code, reason]);
    this.onClosed(code, reason);
  }

  getBufferedAmount(): number {
    return this.bufferedBytes;
  }

  get texts(): readonly string[] {
    return this.sent.flatMap((message) => (message.type === "transcription" ? message.text : []));
  }

  get states(): readonly string[] {
    return this.sent.flatMap((message) => (message.type === "status" ? message.state : []));
  }

  get types(): readonly string[] {
    return this.sent.map(({ type }) => type);
  }

  /** The id by which its session can be resumed. */
  get resumeId(): string {
    const [first] = this.sent;
    return first?.type === "session" ? first.resume : "";
  }
}

export interface ConnectionStageOptions {
  readonly graceMs?: number;
  readonly clientIdleMs?: number;
  readonly sessionsPerSubjectMax?: number;
}

export interface ConnectOptions {
  readonly resume?: ResumeRequest;
  readonly speaker?: Partial<Speaker>;
  /** What the socket does instead of sending. */
  readonly broken?: () => never;
}

export class ConnectionStage {
  readonly provider = new ScriptedProvider();
  readonly metrics = new Metrics();
  readonly relay = relayStage();
  readonly health = new Health();
  readonly log: RecordedLog = recordedLog();
  readonly memory = new MemoryBudget(100_000_000);
  readonly sessions: SessionRegistry;
  readonly desk: SeatDesk;
  readonly isUnjournaled = new Watched(
    {
      onFailed: (error) => {
        throw error;
      },
    },
    false,
  );
  /** What is found of finals that are asked for; an `Error` is what looking them up fails with. */
  found: readonly Transcript[] | Error | "never" = [];
  /** The keys that were looked up. */
  readonly asked: string[] = [];
  readonly #options: ConnectionStageOptions;
  #count = 0;

  constructor(options: ConnectionStageOptions = {}) {
    this.#options = options;
    const { sink, record } = this.relay;
    const { provider, metrics, health, memory } = this;
    this.sessions = new SessionRegistry(
      { provider, sink, record, metrics, memory },
      {
        sessionsMax: 10,
        sessionsPerSubjectMax: options.sessionsPerSubjectMax ?? 10,
        sessionsPerCallMax: 10,
        limits: sessionLimits,
      },
    );
    this.sessions.stop();
    this.desk = new SeatDesk(
      {
        sessions: this.sessions,
        health,
        metrics,
        log: this.log,
        memory: this.memory,
        isUnjournaled: this.isUnjournaled,
        keptFinals: { find: (_, keys) => this.#find(keys) },
      },
      { graceMs: options.graceMs ?? 30_000 },
    );
  }

  /** Opens a connection; a new session's stream is ready at once. */
  connect(options: ConnectOptions = {}) {
    this.#count += 1;
    const identity: Identification = {
      speaker: { ...speaker, ...options.speaker },
      recognitionChoices: {},
      expiresAt: new Date(EXPIRES_AT_MS),
    };
    const authenticator = {
      identify: () => Promise.resolve(identity),
      identifyToken: () => Promise.resolve(identity),
      selectProtocol: () => undefined,
    };
    const { desk, metrics } = this;
    const connection = new ClientConnection(
      `connection-${this.#count}`,
      { ...identity, recognition, resume: options.resume },
      { desk, authenticator, metrics, log: recordedLog() },
      { clientIdleMs: this.#options.clientIdleMs ?? Number.POSITIVE_INFINITY },
    );
    const socket = new RecordedSocket();
    if (options.broken !== undefined) socket.send = options.broken;
    socket.onClosed = (code, reason) => connection.closed(code, reason);
    const streamsBefore = this.provider.streams.length;
    connection.open(socket);
    if (this.provider.streams.length > streamsBefore) this.provider.stream.becomeReady();
    return { connection, socket, stream: this.provider.streams.at(-1)! };
  }

  async #find(keys: readonly string[]): Promise<ReadonlyMap<string, Transcript>> {
    this.asked.push(...keys);
    const { found } = this;
    if (found === "never") return new Promise(() => {});
    if (found instanceof Error) throw found;
    const wanted = found.filter(({ utteranceKey }) => keys.includes(utteranceKey));
    return new Map(wanted.map((transcript) => [transcript.utteranceKey, transcript]));
  }
}

/** One client of a stage of its own; `cut` cuts its network. */
export function connectedClient(options: ConnectionStageOptions = {}) {
  const stage = new ConnectionStage(options);
  const client = stage.connect();
  const { tallies } = stage.metrics;
  return { stage, tallies, ...client, cut: () => client.connection.closed(1006, "") };
}
