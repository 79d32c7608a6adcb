/** A gateway on a port of its own: everything real but the provider, the database and the log. */
import { findToken, selectProtocol } from "../../../src/auth/bearer-token.ts";
import { createTokenVerifier } from "../../../src/auth/token-verifier.ts";
import { Admission, type Authenticator } from "../../../src/gateway/door/admission.ts";
import { createHttpRoutes, SOCKET_PATH } from "../../../src/gateway/http-routes.ts";
import { SeatDesk } from "../../../src/gateway/seat/seat-desk.ts";
import { startGatewayServer, type GatewayServer } from "../../../src/gateway/server.ts";
import { Watched } from "../../../src/kernel/watched.ts";
import { Health } from "../../../src/observe/health.ts";
import { Metrics } from "../../../src/observe/metrics.ts";
import { MemoryBudget } from "../../../src/relay/memory-budget.ts";
import type { Transcript } from "../../../src/relay/ports.ts";
import { SessionRegistry } from "../../../src/relay/session/session-registry.ts";
import { SocketClient, type SocketOptions } from "../actors/clients/socket-client.ts";
import { secret, sign } from "../actors/clients/tokens.ts";
import { ScriptedProvider } from "../actors/doubles/scripted-provider.ts";
import { ScriptedTranscripts } from "../actors/doubles/scripted-transcripts.ts";
import { recordedLog, type RecordedLog } from "../probes/recorded-log.ts";
import { relayStage, sessionLimits } from "./relay-stage.ts";

export interface GatewayOptions {
  readonly sessionsMax?: number;
  readonly sessionsPerSubjectMax?: number;
  readonly sessionsPerCallMax?: number;
  readonly allowedOrigins?: readonly string[];
  readonly attemptsPerAddressMax?: number;
  readonly attemptsPerSubjectMax?: number;
  readonly metricsToken?: string;
  readonly graceMs?: number;
  readonly clientIdleMs?: number;
  readonly proxiesTrusted?: number;
}

export class GatewayStage implements AsyncDisposable {
  readonly provider = new ScriptedProvider();
  readonly metrics = new Metrics();
  readonly memory = new MemoryBudget(2 ** 30);
  readonly log: RecordedLog = recordedLog();
  /** What was handed to the sink, in order. */
  readonly kept: Transcript[] = [];
  readonly transcripts = new ScriptedTranscripts();
  isDraining = false;
  notReadyBecause: string | undefined;
  /** What looking kept finals up fails with. */
  lookUpProblem: Error | undefined;
  readonly #health = new Health();
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
  readonly server: GatewayServer;

  constructor(options: GatewayOptions = {}) {
    this.provider.isReadyAtOnce = true;
    this.sessions = new SessionRegistry(
      {
        provider: this.provider,
        metrics: this.metrics,
        memory: this.memory,
        record: relayStage().record,
        sink: {
          append: (_, transcript, onKept) => {
            this.kept.push(transcript);
            onKept();
          },
        },
      },
      {
        sessionsMax: options.sessionsMax ?? 100,
        sessionsPerSubjectMax: options.sessionsPerSubjectMax ?? 100,
        sessionsPerCallMax: options.sessionsPerCallMax ?? 100,
        limits: sessionLimits,
      },
    );
    this.desk = new SeatDesk(
      {
        sessions: this.sessions,
        health: this.#health,
        metrics: this.metrics,
        log: this.log,
        memory: this.memory,
        isUnjournaled: this.isUnjournaled,
        keptFinals: { find: async (_, keys) => this.#findKept(keys) },
      },
      { graceMs: options.graceMs ?? 60_000 },
    );
    this.server = this.#startServer(options);
  }

  /** Opens a socket with a valid token; `claims` change it. */
  async connect(
    claims: object = {},
    query = "",
    options: SocketOptions = {},
  ): Promise<SocketClient> {
    return this.connectWith(`?token=${await sign({ ...claims })}${query}`, options);
  }

  /** Opens a socket with this query and nothing else. */
  async connectWith(query: string, options: SocketOptions = {}): Promise<SocketClient> {
    const client = new SocketClient(new URL(SOCKET_PATH + query, this.server.url), options);
    await client.opened;
    return client;
  }

  get(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(new URL(path, this.server.url), init);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.sessions.stop();
    await this.server.stop();
  }

  #findKept(keys: readonly string[]): ReadonlyMap<string, Transcript> {
    if (this.lookUpProblem !== undefined) throw this.lookUpProblem;
    const wanted = this.kept.filter(({ utteranceKey }) => keys.includes(utteranceKey));
    return new Map(wanted.map((transcript) => [transcript.utteranceKey, transcript]));
  }

  #startServer(options: GatewayOptions): GatewayServer {
    const { desk, metrics, log, transcripts } = this;
    const authenticator = createAuthenticator();
    const health = this.#health;
    health.addCheck(() => this.notReadyBecause);
    const routes = createHttpRoutes(
      {
        authenticator,
        health,
        metrics,
        transcripts,
        snapshot: () => ({
          activeConnections: this.server.connectionCount,
          streams: this.provider.streams.length,
          queue: { queueLength: 1 },
        }),
      },
      { version: "0.0.0-test", metricsToken: options.metricsToken },
    );
    const admission = new Admission(
      { authenticator, isDraining: () => this.isDraining, log },
      {
        allowedOrigins: options.allowedOrigins ?? [],
        attemptsPerAddressMax: options.attemptsPerAddressMax ?? 1_000_000,
        attemptsPerSubjectMax: options.attemptsPerSubjectMax ?? 1_000_000,
      },
    );
    return startGatewayServer(
      { admission, authenticator, desk, routes, metrics, log, demoRoutes: undefined },
      {
        hostname: "127.0.0.1",
        port: 0,
        clientIdleMs: options.clientIdleMs ?? 86_400_000,
        proxiesTrusted: options.proxiesTrusted ?? 0,
      },
    );
  }
}

function createAuthenticator(): Authenticator {
  const verifier = createTokenVerifier({ secret });
  return {
    identify: async (request) => verifier.verify(findToken(request)),
    identifyToken: (token) => verifier.verify(token),
    selectProtocol,
  };
}
