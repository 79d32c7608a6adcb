/** Everything that is answered over plain HTTP. Errors are JSON: `{"error":{"code","message"}}`. */
import { timingSafeEqual } from "node:crypto";
import type { Health } from "../observe/health.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { TranscriptReader } from "../relay/stored-transcript.ts";
import type { Authenticator } from "./door/admission.ts";
import { problem } from "./protocol/problem.ts";
import { createTranscriptRoute } from "./transcript/transcript-route.ts";

export const SOCKET_PATH = "/api/realtime/transcribe";

export interface HttpRoutesDeps {
  readonly authenticator: Authenticator;
  readonly health: Health;
  readonly metrics: Metrics;
  readonly transcripts: TranscriptReader;
  /** The figures of `/metrics` for those who ask for JSON. */
  readonly snapshot: () => object;
}

export interface HttpRoutesOptions {
  readonly version: string;
  /** Asked for by `/metrics` as a bearer token; absent leaves it open. */
  readonly metricsToken: string | undefined;
}

/** The call's name is matched encoded; how long it may be is the route's affair. */
const TRANSCRIPT_PATH = /^\/api\/sessions\/([^/]+)\/transcript$/;

/** Answers one request. Rejects only for a bug; a failing world is an answer. */
export type HttpRoutes = (request: Request, url: URL) => Promise<Response>;

export function createHttpRoutes(deps: HttpRoutesDeps, options: HttpRoutesOptions): HttpRoutes {
  const answerTranscript = createTranscriptRoute(deps);
  return async (request, url) => {
    if (request.method !== "GET" && request.method !== "HEAD") {
      return problem(405, "method-not-allowed", "expected GET", { allow: "GET, HEAD" });
    }
    const transcriptPath = TRANSCRIPT_PATH.exec(url.pathname);
    if (transcriptPath?.[1] !== undefined) {
      return answerTranscript(request, url, transcriptPath[1]);
    }
    switch (url.pathname) {
      case SOCKET_PATH:
        return problem(426, "upgrade-required", "expected a WebSocket upgrade", {
          upgrade: "websocket",
          connection: "Upgrade",
        });
      case "/metrics":
        return answerMetrics(request, deps, options);
      case "/livez":
        return Response.json({ status: "alive" });
      case "/readyz":
        return answerReadiness(deps.health);
      case "/health":
        return answerHealth(deps, options);
      case "/":
        return Response.json({
          service: "stenogate",
          version: options.version,
          socket: SOCKET_PATH,
        });
      default:
        return problem(404, "not-found", "nothing is served on this path");
    }
  };
}

async function answerMetrics(
  request: Request,
  { metrics, snapshot }: HttpRoutesDeps,
  { metricsToken }: HttpRoutesOptions,
): Promise<Response> {
  const authorization = request.headers.get("authorization") ?? "";
  if (metricsToken !== undefined && !isSameSecret(authorization, `Bearer ${metricsToken}`)) {
    return problem(401, "token-invalid", "expected METRICS_TOKEN as a bearer token");
  }
  const accept = request.headers.get("accept") ?? "";
  if (!/text\/plain|application\/openmetrics-text/.test(accept)) return Response.json(snapshot());
  return new Response(await metrics.exposition(), {
    headers: { "content-type": "text/plain; version=0.0.4; charset=utf-8" },
  });
}

function answerReadiness(health: Health): Response {
  const readiness = health.readiness();
  return Response.json(readiness, { status: readiness.ready ? 200 : 503 });
}

function answerHealth(deps: HttpRoutesDeps, { version }: HttpRoutesOptions): Response {
  const { ready, problems } = deps.health.readiness();
  const uptimeSeconds = Math.round(process.uptime());
  return Response.json({ status: ready ? "ok" : "degraded", version, uptimeSeconds, problems });
}

/** Compares without telling by its duration how much was right. */
function isSameSecret(got: string, expected: string): boolean {
  const hash = (text: string) => new Bun.CryptoHasher("sha256").update(text).digest();
  return timingSafeEqual(hash(got), hash(expected));
}
