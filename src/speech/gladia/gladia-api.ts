/**
 * The one HTTP call of the live path: `POST /v2/live` asks Gladia for a session and gets the URL of its socket.
 *
 * The URL carries the session's own token: it is a secret and is never logged.
 */
import * as v from "valibot";
import { readBody } from "../../kernel/bounded-body.ts";
import { describeError } from "../../kernel/errors.ts";
import type { RecognitionOptions } from "../../relay/recognition/recognition-options.ts";
import type { SessionGrant } from "../provider-adapter.ts";
import { ProviderError } from "../provider-error.ts";
import { toRequestBody } from "./live-request.ts";
import { isSocketAtHome, type SocketHome } from "./socket-address.ts";

export interface GladiaAccount extends SocketHome {
  readonly apiKey: string;
  /** For example https://api.gladia.io. */
  readonly apiUrl: string;
  readonly region: "us-west" | "eu-west" | undefined;
}

/** One attempt's limit. The official client uses the same. */
const ATTEMPT_MS = 10_000;

/** An answer is an id and a URL, or some sentences: a few hundred bytes. */
const BODY_BYTES_MAX = 65_536;

/** An id is part of every utterance's key. Gladia's have 36 characters. */
const ID_LENGTH_MAX = 200;

const grantSchema = v.object({
  id: v.pipe(v.string(), v.nonEmpty(), v.maxLength(ID_LENGTH_MAX)),
  // A URL that cannot be opened would be quoted by the error about it.
  url: v.pipe(v.string(), v.url(), v.regex(/^wss?:\/\//)),
});

const errorSchema = v.object({
  message: v.optional(v.unknown()),
  validation_errors: v.optional(v.array(v.string())),
});

/** Asks for a provider session, once. Rejects with a `ProviderError` that names the status and its reason. */
export async function requestSession(
  account: GladiaAccount,
  options: RecognitionOptions,
  signal: AbortSignal,
): Promise<SessionGrant> {
  const url = new URL("/v2/live", account.apiUrl);
  if (account.region !== undefined) url.searchParams.set("region", account.region);
  let response: Response;
  let body: unknown;
  try {
    response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", "x-gladia-key": account.apiKey },
      body: JSON.stringify(toRequestBody(options)),
      // A redirect would carry the key to another host.
      redirect: "error",
      signal: AbortSignal.any([signal, AbortSignal.timeout(ATTEMPT_MS)]),
    });
    body = parseJson(await readBody(response, BODY_BYTES_MAX));
  } catch (error) {
    throw new ProviderError(
      "provider-unreachable",
      `could not reach ${url.host}: ${describeError(error)}`,
      { retryable: true, cause: error },
    );
  }
  if (response.status !== 201 && response.status !== 200) {
    throw refusalOf(response, reasonIn(body, account));
  }
  const parsed = v.safeParse(grantSchema, body);
  if (parsed.success && isSocketAtHome(parsed.output.url, account)) return parsed.output;
  if (parsed.success) {
    const { protocol, host } = new URL(parsed.output.url);
    throw new ProviderError(
      "provider-unreachable",
      `expected a socket under the domain of ${url.host}, got ${protocol}//${host}: see GLADIA_SOCKET_ORIGINS`,
      { retryable: true },
    );
  }
  throw new ProviderError(
    "provider-unreachable",
    `expected a live session with id and url, got status ${response.status} without them`,
    { retryable: true },
  );
}

/** Undefined for what is too long, or no JSON. */
function parseJson(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    // The parser's message would quote the answer.
    return undefined;
  }
}

/** Statuses by Gladia's API reference (400, 401, 422) and its support pages (429); the others by their HTTP meaning. */
function refusalOf({ status, headers }: Response, reason: string): ProviderError {
  if (status === 401 || status === 403) {
    return new ProviderError("provider-refused", `status ${status}: check GLADIA_API_KEY${reason}`);
  }
  if (status === 429) {
    return new ProviderError(
      "provider-busy",
      `status 429: the account has no free live session${reason}`,
      { retryable: true, retryAfterMs: parseRetryAfter(headers.get("retry-after")) },
    );
  }
  if (status >= 500 || status === 408) {
    return new ProviderError("provider-unreachable", `status ${status}${reason}`, {
      retryable: true,
    });
  }
  return new ProviderError("provider-refused", `status ${status}${reason}`);
}

/** Seconds, as RFC 9110 allows; its other form, a date, is not used by such answers. */
function parseRetryAfter(value: string | null): number | undefined {
  return value !== null && /^\d{1,6}$/.test(value) ? Number(value) * 1000 : undefined;
}

/** The provider's own sentences; a key that they quote is taken out. */
function reasonIn(body: unknown, { apiKey }: GladiaAccount): string {
  const parsed = v.safeParse(errorSchema, body);
  if (!parsed.success) return "";
  const { message, validation_errors: validation = [] } = parsed.output;
  const sentences = [typeof message === "string" ? message : "", ...validation].filter(Boolean);
  if (sentences.length === 0) return "";
  const text = sentences.join("; ").replaceAll(apiKey || "[key]", "[key]");
  // Long enough for several validation errors, short enough for a log line.
  return ` (${text.slice(0, 500)})`;
}
