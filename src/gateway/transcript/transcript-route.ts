/** `GET /api/sessions/:slug/transcript`: a call's stored finals, for a token of that call. */
import { CONTENT_TYPES, createTranscriptWriter } from "../../captions/transcript-formats.ts";
import type { TranscriptEnding, TranscriptWriter } from "../../captions/transcript-writer.ts";
import { toAppError, type AppError } from "../../kernel/errors.ts";
import { monotonicMs, sleep } from "../../kernel/timers.ts";
import type { StoredSegment, TranscriptReader } from "../../relay/stored-transcript.ts";
import type { Authenticator } from "../door/admission.ts";
import { problem } from "../protocol/problem.ts";
import { toDisposition } from "./download-name.ts";
import { createEntityTag, hasVersion } from "./entity-tag.ts";
import { ReadSlots } from "./read-slots.ts";
import { encodeCursor } from "./transcript-cursor.ts";
import {
  ANSWER_SEGMENTS_MAX,
  parseTranscriptQuery,
  type TranscriptQuery,
} from "./transcript-query.ts";

export interface TranscriptRouteDeps {
  readonly authenticator: Authenticator;
  readonly transcripts: TranscriptReader;
}

/** Answers one request; the slug is as it stands in the path. Rejects only for a bug. */
export type TranscriptRoute = (
  request: Request,
  url: URL,
  encodedSlug: string,
) => Promise<Response>;

/** A slug has at most 256 UTF-16 units; each takes nine characters in a URL at most. */
const ENCODED_SLUG_CHARACTERS_MAX = 2304;

const READS = {
  // Of the five connections of the pool the batch writer takes up to two, and clients that come back one.
  runningMax: 2,
  // A read takes about ten milliseconds: whoever comes last waits a quarter of a second.
  waitingMax: 50,
  limitMs: 10_000,
};

/** A crowd that was sent away comes back when the line of a moment ago is gone. */
const RETRY_AFTER_SECONDS = "2";

/** Live audio is relayed by the same thread, which a long transcript must not keep for longer than this. */
const TURN_MS = 5;

export function createTranscriptRoute(deps: TranscriptRouteDeps): TranscriptRoute {
  const { authenticator, transcripts } = deps;
  const slots = new ReadSlots(READS);
  return async (request, url, encodedSlug) => {
    if (encodedSlug.length > ENCODED_SLUG_CHARACTERS_MAX) {
      return refuse(404, "not-found", "no such call: its name is too long for one");
    }
    const query = parseTranscriptQuery(url.searchParams);
    if (!query.ok) return refuse(400, "request-invalid", query.problem);
    try {
      const { speaker } = await authenticator.identify(request);
      const { sessionSlug } = speaker;
      if (sessionSlug !== decodeSlug(encodedSlug)) {
        return refuse(403, "session-mismatch", "expected a token of this call");
      }
      const body = await slots.run("reading a transcript", () =>
        writeAnswer(transcripts, sessionSlug, query.value),
      );
      if (body === null) return refuse(404, "not-found", "no such call");
      return toResponse(request, body, headersOf(sessionSlug, query.value));
    } catch (error) {
      const failure = toAppError(error);
      if (failure.code === "internal") throw failure;
      if (failure.code.startsWith("token-")) return refuse(401, failure.code, failure.message);
      return refuse(503, failure.code, toClientSentence(failure), failure.retryable);
    }
  };
}

/** What is wrong with the database is the operator's to hear: it names hosts, files and tables. */
function toClientSentence({ code, message }: AppError): string {
  const isOfDatabase = code === "database-unreachable" || code === "schema-mismatch";
  return isOfDatabase ? "no transcript can be read at the moment" : message;
}

function refuse(status: number, code: string, message: string, isRetryable = false): Response {
  return problem(status, code, message, {
    "cache-control": "no-store",
    ...(isRetryable ? { "retry-after": RETRY_AFTER_SECONDS } : {}),
  });
}

/** Nothing when the path is malformed. One slug has many encoded forms, so that only decoded ones can be compared. */
function decodeSlug(encoded: string): string | undefined {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
}

/** The body; `null` when there is no such call. */
async function writeAnswer(
  transcripts: TranscriptReader,
  sessionSlug: string,
  query: TranscriptQuery,
): Promise<string | null> {
  const { language } = query;
  if (query.kind === "page") {
    const page = await transcripts.readPage(sessionSlug, query);
    if (page === null) return null;
    const { segments, hasMore } = page;
    const writer = createTranscriptWriter("json", { sessionSlug, beganAt: undefined });
    return write(writer, segments, { hasMore, next: encodeCursor(page.next) });
  }
  const found = await transcripts.read(sessionSlug, { language, limit: ANSWER_SEGMENTS_MAX });
  if (found === null) return null;
  const { segments, hasMore, beganAt } = found;
  return write(createTranscriptWriter(query.format, { sessionSlug, beganAt }), segments, {
    hasMore,
  });
}

async function write(
  writer: TranscriptWriter,
  segments: readonly StoredSegment[],
  ending: TranscriptEnding,
): Promise<string> {
  const parts = [writer.begin()];
  let turnEndsAtMs = monotonicMs() + TURN_MS;
  for (const segment of segments) {
    if (monotonicMs() > turnEndsAtMs) {
      await sleep(0);
      turnEndsAtMs = monotonicMs() + TURN_MS;
    }
    parts.push(writer.add(segment));
  }
  parts.push(writer.end(ending));
  return parts.join("");
}

function headersOf(sessionSlug: string, query: TranscriptQuery): Record<string, string> {
  if (query.kind === "page") return { "content-type": CONTENT_TYPES.json };
  const { format, language } = query;
  const ending = language === undefined ? format : `${language}.${format}`;
  return {
    "content-type": CONTENT_TYPES[format],
    "content-disposition": toDisposition(sessionSlug, ending),
  };
}

/** A reader may keep the answer, and asks before it uses it again. */
function toResponse(
  request: Request,
  body: string,
  headers: Readonly<Record<string, string>>,
): Response {
  const etag = createEntityTag(body);
  const validity = { etag, "cache-control": "private, no-cache" };
  if (hasVersion(request.headers.get("if-none-match"), etag)) {
    return new Response(null, { status: 304, headers: validity });
  }
  return new Response(body, { headers: { ...headers, ...validity } });
}
