import type { SimulatedSession } from "./session/simulated-session.ts";

/** The provider's sentence for each status that the simulator answers with on its own. */
const SENTENCES: Readonly<Record<number, string>> = {
  400: "Invalid parameter(s)",
  401: "gladia key not found",
  403: "Forbidden",
  404: "Not found",
  422: "Wrong parameter",
  429: "Too Many Requests",
};

export interface ErrorDetails {
  /** One sentence for each fault of a request's body. */
  readonly validationErrors?: readonly string[];
  /** Sets the Retry-After header. */
  readonly retryAfterSeconds?: number | undefined;
}

/** The error envelope that every refused request gets. */
export function answerError(
  request: Request,
  status: number,
  details: ErrorDetails = {},
): Response {
  const { validationErrors, retryAfterSeconds } = details;
  const body = {
    timestamp: new Date().toISOString(),
    path: new URL(request.url).pathname,
    request_id: createRequestId(),
    statusCode: status,
    message: SENTENCES[status] ?? "Internal server error",
    ...(validationErrors === undefined ? {} : { validation_errors: validationErrors }),
  };
  const headers = retryAfterSeconds === undefined ? {} : { "retry-after": `${retryAfterSeconds}` };
  return Response.json(body, { status, headers });
}

/** What GET /v2/live/:id tells: the result only when the session has ended. */
export function toJob(session: SimulatedSession): Readonly<Record<string, unknown>> {
  const { custom_metadata, ...requestParams } = session.request;
  return {
    id: session.id,
    request_id: createRequestId(),
    version: 2,
    status: session.status,
    created_at: session.createdAt.toISOString(),
    completed_at: session.endedAt?.toISOString() ?? null,
    custom_metadata,
    error_code: null,
    kind: "live",
    file: null,
    request_params: requestParams,
    result: session.status === "done" ? { ...session.result, messages: session.messages } : null,
  };
}

/** The provider's form: "G-" and eight hexadecimal digits. */
function createRequestId(): string {
  return `G-${crypto.randomUUID().slice(0, 8)}`;
}
