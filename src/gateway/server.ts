import { eachAlone } from "../kernel/each-alone.ts";
import { traceError } from "../kernel/error-trace.ts";
import { AppError } from "../kernel/errors.ts";
import { parseRequestUrl } from "../kernel/request-url.ts";
import { every, monotonicMs } from "../kernel/timers.ts";
import type { Log } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";
import { ClientConnection } from "./client-connection.ts";
import type { Admission, Admitted, Authenticator } from "./door/admission.ts";
import { findClientAddress } from "./door/client-address.ts";
import { SOCKET_PATH, type HttpRoutes } from "./http-routes.ts";
import { PauseWatch } from "./pause-watch.ts";
import { closeFrame, errorMessage } from "./protocol/client-failure.ts";
import { problem } from "./protocol/problem.ts";
import { serialise } from "./protocol/server-messages.ts";
import type { SeatDesk } from "./seat/seat-desk.ts";

export interface GatewayServerDeps {
  readonly admission: Admission;
  readonly authenticator: Authenticator;
  readonly desk: SeatDesk;
  readonly routes: HttpRoutes;
  readonly metrics: Metrics;
  readonly log: Log;
  /** The microphone page at `/` and its token endpoint; only in the demo. */
  readonly demoRoutes: DemoRoutes | undefined;
}

export interface DemoRoutes {
  readonly page: Bun.HTMLBundle;
  readonly answerToken: (url: URL) => Promise<Response>;
}

export interface GatewayServerOptions {
  readonly hostname: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly clientIdleMs: number;
  /** Proxies in front whose `X-Forwarded-For` is believed. */
  readonly proxiesTrusted: number;
}

export interface GatewayServer {
  /** For example http://127.0.0.1:3001. */
  readonly url: URL;
  readonly connectionCount: number;
  /** Bytes that wait for each reader. */
  bufferedBytes(): Iterable<number>;
  /** Closes the listener and whatever socket is left. Repetition is harmless. */
  stop(): Promise<void>;
}

/** What a socket is for: a session, or hearing why it gets none. A browser cannot read the status of a failed upgrade. */
type SocketData =
  | { readonly kind: "connection"; readonly connection: ClientConnection }
  | { readonly kind: "refused"; readonly failure: AppError };

type Socket = Bun.ServerWebSocket<SocketData>;

/**
 * Larger than any frame that is allowed, so that a frame somewhat too large is answered with a reason. Beyond it Bun closes
 * with 1009 by itself, without one.
 */
const PAYLOAD_BYTES_MAX = 262_144;

/** Bun pings a silent client and closes the socket when nothing has come back for this long: a half-open one is noticed. */
const IDLE_SECONDS = 30;

/** Bun's own default, measured: it holds for a request that drips as well. Setting it keeps Bun from warning on stderr. */
const REQUEST_SECONDS = 10;

/** Well above the mark at which a connection gives its reader up, so that Bun itself never drops a message. */
const SEND_BUFFER_BYTES_MAX = 8 * 1_048_576;

/** Tokens, graces and idle clients may outlive their end by this much. */
const SWEEP_MS = 1000;

/** Opens the one port of the process: sockets and plain HTTP. */
export function startGatewayServer(
  deps: GatewayServerDeps,
  options: GatewayServerOptions,
): GatewayServer {
  const connections = new Set<ClientConnection>();
  const pauses = watchPauses(deps);
  const server = Bun.serve<SocketData>({
    hostname: options.hostname,
    port: options.port,
    // A client without a whole request, one that does not read its answer, and one that asks nothing more are let go of.
    idleTimeout: REQUEST_SECONDS,
    // A request has no body here; one that sends a large one is refused before it is read.
    maxRequestBodySize: 65_536,
    routes: deps.demoRoutes === undefined ? {} : { "/": deps.demoRoutes.page },
    fetch: (request, self) => answer(request, self, deps, options),
    error: (error) => {
      deps.log.error("A request failed on our side", traceError(error));
      return problem(500, "internal", "the gateway failed on its side");
    },
    websocket: createSocketHandlers(connections, pauses, deps),
  });
  const sweep = every(SWEEP_MS, () => {
    const now = monotonicMs();
    pauses.tick(now);
    eachAlone(
      connections,
      (connection) => connection.sweep(now),
      (connection, error) => connection.crash(error),
    );
    deps.desk.sweep(now);
  });
  return {
    url: server.url,
    get connectionCount() {
      return connections.size;
    },
    bufferedBytes: () => connections.values().map(({ bufferedBytes }) => bufferedBytes),
    stop: async () => {
      sweep.stop();
      await server.stop(true);
    },
  };
}

async function answer(
  request: Request,
  server: Bun.Server<SocketData>,
  deps: GatewayServerDeps,
  options: GatewayServerOptions,
): Promise<Response | undefined> {
  const url = parseRequestUrl(request);
  if (url === undefined) return problem(400, "request-invalid", "expected a host that can be read");
  const isUpgrade = request.headers.get("upgrade")?.toLowerCase() === "websocket";
  if (url.pathname === SOCKET_PATH && isUpgrade) {
    return upgrade(request, server, deps, options);
  }
  if (deps.demoRoutes !== undefined && url.pathname === "/demo/token") {
    return deps.demoRoutes.answerToken(url);
  }
  return deps.routes(request, url);
}

async function upgrade(
  request: Request,
  server: Bun.Server<SocketData>,
  deps: GatewayServerDeps,
  options: GatewayServerOptions,
): Promise<Response | undefined> {
  const socketAddress = server.requestIP(request)?.address;
  const address = findClientAddress(request, socketAddress, options.proxiesTrusted);
  const decision = await deps.admission.decide(request, address);
  const data = createSocketData(decision, deps, options);
  const protocol = deps.authenticator.selectProtocol(request);
  const headers: Record<string, string> =
    protocol === undefined ? {} : { "sec-websocket-protocol": protocol };
  if (server.upgrade(request, { data, headers })) return undefined;
  return problem(400, "upgrade-failed", "expected a well-formed WebSocket handshake");
}

function createSocketData(
  decision: Admitted | AppError,
  deps: GatewayServerDeps,
  options: GatewayServerOptions,
): SocketData {
  if (decision instanceof AppError) return { kind: "refused", failure: decision };
  const connection = new ClientConnection(Bun.randomUUIDv7(), decision, deps, options);
  return { kind: "connection", connection };
}

/** R22: nobody pays for a pause of our own. */
function watchPauses({ desk, log }: GatewayServerDeps): PauseWatch {
  const onPaused = (pausedMs: number, nowMs: number) => {
    log.warn("The process did not run for a while", { pausedMs });
    desk.forgivePause(pausedMs, nowMs);
  };
  return new PauseWatch({ onPaused }, { tickMs: SWEEP_MS }, monotonicMs());
}

function createSocketHandlers(
  connections: Set<ClientConnection>,
  pauses: PauseWatch,
  deps: GatewayServerDeps,
): Bun.WebSocketHandler<SocketData> {
  return {
    maxPayloadLength: PAYLOAD_BYTES_MAX,
    idleTimeout: IDLE_SECONDS,
    sendPings: true,
    backpressureLimit: SEND_BUFFER_BYTES_MAX,
    // Speech hardly compresses, and captions are short.
    perMessageDeflate: false,
    open: (socket) => {
      const { data } = socket;
      if (data.kind === "refused") return refuse(socket, data.failure, deps.metrics);
      connections.add(data.connection);
      pauses.look(monotonicMs());
      return data.connection.open(socket);
    },
    message: (socket, message) => {
      pauses.look(monotonicMs());
      connectionOf(socket)?.receive(message);
    },
    drain: (socket) => connectionOf(socket)?.drained(),
    ping: (socket) => connectionOf(socket)?.pinged(),
    close: (socket, code, reason) => {
      const connection = connectionOf(socket);
      if (connection === undefined) return;
      connections.delete(connection);
      connection.closed(code, reason);
    },
    error: (error: unknown, socket: Socket) => connectionOf(socket)?.crash(error),
  };
}

/** Nothing for a socket that is opened only to hear why it is refused: what comes from it does not matter. */
function connectionOf({ data }: Socket): ClientConnection | undefined {
  return data.kind === "connection" ? data.connection : undefined;
}

function refuse(socket: Socket, failure: AppError, metrics: Metrics): void {
  const { code, reason } = closeFrame(failure);
  metrics.count("refusals", failure.code);
  metrics.count("closes", String(code));
  // No session, and so nothing to count.
  socket.send(serialise(0, errorMessage(failure)));
  socket.close(code, reason);
}
