/** Everything that is answered over plain HTTP. Errors are JSON: `{"error":{"code","message"}}`. */
import { timingSafeEqual } from "node:crypto";
import { toAppError } from "../kernel/errors.ts";
import type { Health } from "../observe/health.ts";
import type { Metrics } from "../observe/metrics.ts";
import { isTranslationCode } from "../relay/language-codes.ts";
import type { TranscriptReader } from "../relay/ports.ts";
import type { Authenticator } from "./admission.ts";
import { formatTranscript, parseTranscriptFormat } from "./transcript-formats.ts";

export const SOCKET_PATH = "/api/realtime/transcribe";

/** The figures of `/metrics` as JSON. The names are those that existing dashboards read. */
export interface StatusSnapshot {
  readonly activeConnections: number;
  readonly activeGladiaBridges: number;
  readonly queue: {
    readonly queueLength: number;
    readonly totalQueued: number;
    readonly totalFlushed: number;
    readonly totalErrors: number;
  };
  readonly journal: { readonly rows: number; readonly bytes: number };
  /** Lost finals, by cause. */
  readonly dropped: Readonly<Record<string, number>>;
}

export interface HttpRoutesDeps {
  readonly authenticator: Authenticator;
  readonly health: Health;
  readonly metrics: Metrics;
  readonly transcripts: TranscriptReader;
  readonly snapshot: () => StatusSnapshot;
}

export interface HttpRoutesOptions {
  readonly version: string;
  /** Asked for by `/metrics` as a bearer token; absent leaves it open. */
  readonly metricsToken: string | undefined;
}

/** One answer holds at most this many segments: about a day of talk, and 2 MB. */
const TRANSCRIPT_SEGMENTS_MAX = 10_000;

/** A slug has at most 256 UTF-16 units; each takes nine characters in a URL at most. */
const TRANSCRIPT_PATH = /^\/api\/sessions\/([^/]{1,2304})\/transcript$/;

/** Answers one request. Rejects only for a bug; a failing world is an answer. */
export type HttpRoutes = (request: Request, url: URL) => Promise<Response>;

export function createHttpRoutes(deps: HttpRoutesDeps, options: HttpRoutesOptions): HttpRoutes {
  return async (request, url) => {
    if (request.method !== "GET" && request.method !== "HEAD") {
      return problem(405, "method-not-allowed", "expected GET", { allow: "GET, HEAD" });
    }
    const transcriptPath = TRANSCRIPT_PATH.exec(url.pathname);
    if (transcriptPath?.[1] !== undefined) {
      return answerTranscript(request, url, transcriptPath[1], deps);
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

export function problem(
  status: number,
  code: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return Response.json({ error: { code, message } }, { status, headers });
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

async function answerTranscript(
  request: Request,
  url: URL,
  encodedSlug: string,
  { authenticator, transcripts }: HttpRoutesDeps,
): Promise<Response> {
  const format = parseTranscriptFormat(url.searchParams.get("format"));
  if (!format.ok) return problem(400, "request-invalid", format.problem);
  const language = url.searchParams.get("language") ?? undefined;
  if (language !== undefined && !isTranslationCode(language)) {
    return problem(400, "request-invalid", 'expected a language to translate into, such as "fr"');
  }
  try {
    const { speaker } = await authenticator.identify(request);
    if (speaker.sessionSlug !== decodeSlug(encodedSlug)) {
      return problem(403, "session-mismatch", "expected a token of this session");
    }
    const selection = { limit: TRANSCRIPT_SEGMENTS_MAX, language };
    const found = await transcripts.read(speaker.sessionSlug, selection);
    if (found === null) return problem(404, "not-found", "no such session");
    const { contentType, body } = formatTranscript(
      format.value,
      speaker.sessionSlug,
      found.segments,
      found.hasMore,
    );
    return new Response(body, {
      headers: { "content-type": contentType, "cache-control": "no-store" },
    });
  } catch (error) {
    const failure = toAppError(error);
    if (failure.code === "internal") throw failure;
    return problem(failure.code.startsWith("token-") ? 401 : 503, failure.code, failure.message);
  }
}

/** Nothing when the path is malformed. One slug has many encoded forms, so that only decoded ones can be compared. */
function decodeSlug(encoded: string): string | undefined {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
}

/** Compares without telling by its duration how much was right. */
function isSameSecret(got: string, expected: string): boolean {
  const hash = (text: string) => new Bun.CryptoHasher("sha256").update(text).digest();
  return timingSafeEqual(hash(got), hash(expected));
}
