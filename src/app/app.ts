/**
 * The composition root: builds the parts in order and introduces them to one another. `shutdown.ts` ends them.
 */
import { findToken, selectProtocol } from "../auth/bearer-token.ts";
import { createTokenVerifier } from "../auth/token-verifier.ts";
import { Admission, type Authenticator } from "../gateway/door/admission.ts";
import { createHttpRoutes } from "../gateway/http-routes.ts";
import { SeatDesk } from "../gateway/seat/seat-desk.ts";
import { startGatewayServer, type GatewayServer } from "../gateway/server.ts";
import { Health } from "../observe/health.ts";
import type { Log } from "../observe/log.ts";
import { Metrics, type Tallies } from "../observe/metrics.ts";
import { MemoryBudget } from "../relay/memory-budget.ts";
import { SessionRegistry } from "../relay/session/session-registry.ts";
import type { Config } from "../settings/config.ts";
import { GLADIA_SESSION_LIMITS } from "../speech/gladia/gladia-limits.ts";
import type { ProviderStreams } from "../speech/stream/provider-streams.ts";
import { createTranscriptSink } from "../transcripts/append-transcript-chunk.ts";
import { createFinalFinder } from "../transcripts/store/final-finder.ts";
import { createTranscriptReader } from "../transcripts/store/segment-reader.ts";
import { createDemoRoutes } from "./demo-routes.ts";
import { shutDown } from "./shutdown.ts";
import { createAdapter, createProvider, fetchAbandonedFinals } from "./speech-provider.ts";
import { takeStatusSnapshot } from "./status-snapshot.ts";
import { openStorage, type Storage } from "./storage.ts";
import { VERSION } from "./version.ts";

/** A running gateway. */
export interface App {
  readonly url: URL;
  readonly metrics: Metrics;
  readonly storage: Storage;
  /**
   * Shuts down in the order of R30, within `SHUTDOWN_DEADLINE_MS`; resolves with the number of finals that are lost, because
   * they could be neither written nor journaled. Called once. Never rejects.
   */
  shutDown(): Promise<number>;
}

/** Opens everything in order. What was opened is let go of again when a later step fails. */
export async function startApp(config: Config, log: Log): Promise<App> {
  await using opened = new AsyncDisposableStack();
  const metrics = new Metrics();
  const health = new Health();
  const storage = await openStorage(config, { metrics, log });
  opened.defer(() => storage.close());
  const { queue } = storage;
  health.addCheck(() => queue.readinessProblem());

  const memory = new MemoryBudget(config.maxSessionMemoryBytes);
  metrics.track("session_memory_bytes", () => memory.used);
  const adapter = createAdapter(config);
  const provider = createProvider(config, { adapter, metrics, memory, log });
  const sessions = new SessionRegistry(
    {
      provider,
      memory,
      metrics,
      record: storage.journal.providerSessions,
      sink: createTranscriptSink(queue),
    },
    {
      sessionsMax: config.maxSessions,
      sessionsPerSubjectMax: config.maxSessionsPerSubject,
      sessionsPerCallMax: config.maxSessionsPerCall,
      limits: GLADIA_SESSION_LIMITS,
    },
  );
  opened.defer(() => sessions.stop());
  opened.defer(() => provider.stop());

  const draining = new AbortController();
  const isDraining = () => draining.signal.aborted;
  health.addCheck(() => (isDraining() ? "the process is shutting down" : undefined));
  const desk = createDesk(config, { storage, metrics, health, sessions, memory, log });
  const server = startServer(config, {
    storage,
    metrics,
    health,
    provider,
    desk,
    log,
    isDraining,
  });
  const parts = { clients: desk, sessions, storage, made: opened.move(), listener: server, log };
  void fetchAbandonedFinals({ adapter, storage, metrics, log, signal: draining.signal });
  return {
    url: server.url,
    metrics,
    storage,
    shutDown: () => {
      draining.abort();
      return shutDown(parts, config.shutdownDeadlineMs);
    },
  };
}

interface DeskParts {
  readonly storage: Storage;
  readonly metrics: Metrics;
  readonly health: Health;
  readonly sessions: SessionRegistry;
  readonly memory: MemoryBudget;
  readonly log: Log;
}

function createDesk(config: Config, parts: DeskParts): SeatDesk {
  const { storage, metrics, sessions } = parts;
  const keptFinals = createFinalFinder({
    prisma: storage.database.prisma,
    journal: storage.journal,
  });
  const { isUnjournaled } = storage.queue;
  const desk = new SeatDesk(
    { ...parts, keptFinals, isUnjournaled },
    { graceMs: config.resumeGraceMs },
  );
  metrics.track("sessions_active", () => sessions.count);
  metrics.track("sessions_detached", () => desk.detachedCount);
  return desk;
}

interface ServerParts {
  readonly storage: Storage;
  readonly metrics: Metrics;
  readonly health: Health;
  readonly provider: ProviderStreams;
  readonly desk: SeatDesk;
  readonly log: Log;
  readonly isDraining: () => boolean;
}

function startServer(config: Config, parts: ServerParts): GatewayServer {
  const { storage, metrics, health, provider, desk, log, isDraining } = parts;
  const { database, journal, queue } = storage;
  const authenticator = createAuthenticator(config, metrics.tallies);
  const routes = createHttpRoutes(
    {
      authenticator,
      health,
      metrics,
      transcripts: createTranscriptReader(database.prisma),
      snapshot: () => takeStatusSnapshot({ server, provider, queue, journal }),
    },
    { version: VERSION, metricsToken: config.metricsToken },
  );
  const admission = new Admission(
    { authenticator, isDraining, log },
    {
      allowedOrigins: config.allowedOrigins,
      attemptsPerAddressMax: config.maxAttemptsPerAddress,
      attemptsPerSubjectMax: config.maxAttemptsPerSubject,
    },
  );
  const { jwtSecret: secret = "", jwtAudience: audience, jwtIssuer: issuer } = config;
  const demoRoutes =
    config.demoPage === "1" ? createDemoRoutes({ secret, audience, issuer }) : undefined;
  const server = startGatewayServer(
    { admission, authenticator, desk, routes, metrics, log, demoRoutes },
    {
      hostname: config.host,
      port: config.port,
      clientIdleMs: config.clientIdleMs,
      proxiesTrusted: config.trustProxy,
    },
  );
  metrics.track("connections_active", () => server.connectionCount);
  metrics.track("client_buffered_bytes", () => sum(server.bufferedBytes()));
  metrics.track("client_buffered_bytes_max", () => Math.max(0, ...server.bufferedBytes()));
  metrics.track("ready", () => (health.readiness().ready ? 1 : 0));
  return server;
}

function createAuthenticator(config: Config, tallies: Tallies): Authenticator {
  const verifier = createTokenVerifier({
    secret: config.jwtSecret,
    jwksUrl: config.jwksUrl === undefined ? undefined : new URL(config.jwksUrl),
    audience: config.jwtAudience,
    issuer: config.jwtIssuer,
    tallies,
  });
  return {
    identify: async (request) => verifier.verify(findToken(request)),
    identifyToken: (token) => verifier.verify(token),
    selectProtocol,
  };
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
