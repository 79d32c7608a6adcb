/**
 * What Gladia Live v2 says on its socket, as far as a stream acts on it. Everything is unknown until it is read here;
 * the provider's message types and their sources are described in its API reference, "Live v2 WebSocket".
 */
import { accepted, refused, type Parsed } from "../../kernel/result.ts";
import type { ProviderEvent } from "../provider-adapter.ts";

const OTHER: Parsed<ProviderEvent> = accepted({ kind: "other" });

/** A provider's sentence is cut to this many characters before it is logged or shown. */
const REASON_LENGTH_MAX = 300;

/**
 * A day. No live session lasts so long, so that whatever lies beyond is no time in its audio; but a date can be made of every
 * moment before.
 */
const SECONDS_MAX = 86_400;

/** Reads one text frame. Unknown types are "other", because the provider adds some; a problem never quotes the frame. */
export function parseGladiaMessage(frame: string): Parsed<ProviderEvent> {
  let json: unknown;
  try {
    json = JSON.parse(frame);
  } catch {
    // The parser's message would quote what was said.
    return refused(
      `expected JSON from the provider, got ${frame.length} characters of something else`,
    );
  }
  if (!isRecord(json)) return refused("expected a JSON object from the provider");
  const type = json["type"];
  if (type === "transcript") return parseTranscript(json["data"]);
  if (json["acknowledged"] === false || type === "error") {
    return accepted({ kind: "refusal", of: String(type), reason: refusalReason(json) });
  }
  if (type === "translation") return parseTranslation(json);
  if (type === "audio_chunk") return parseAcknowledgement(json["data"]);
  return OTHER;
}

function parseAcknowledgement(data: unknown): Parsed<ProviderEvent> {
  const range = isRecord(data) ? data["byte_range"] : undefined;
  // What an array holds is not known; `isArray` says that it is anything.
  const [from, to] = Array.isArray(range) ? (range as readonly unknown[]) : [];
  if (!isCount(from) || !isCount(to) || to < from) {
    return refused("expected data.byte_range of two whole numbers in an acknowledgement");
  }
  return accepted({ kind: "acknowledgement", from, to });
}

function parseTranscript(data: unknown): Parsed<ProviderEvent> {
  if (!isRecord(data) || !isRecord(data["utterance"])) {
    return refused("expected data.utterance in a transcript");
  }
  const { id } = data;
  const { text, start, end, language, confidence } = data["utterance"];
  if (typeof id !== "string" || id === "") return refused("expected data.id in a transcript");
  if (typeof text !== "string") return refused("expected data.utterance.text in a transcript");
  if (!isSeconds(start) || !isSeconds(end) || end < start) {
    return refused("expected data.utterance.start and end in seconds, start first");
  }
  return accepted({
    kind: "utterance",
    localId: id,
    isFinal: data["is_final"] === true,
    // The provider puts a space before every text.
    text: text.trim(),
    startSeconds: Math.min(start, SECONDS_MAX),
    endSeconds: Math.min(end, SECONDS_MAX),
    language: typeof language === "string" && language !== "" ? language : undefined,
    confidence: isShare(confidence) ? confidence : undefined,
  });
}

function parseTranslation({ data, error }: Record<string, unknown>): Parsed<ProviderEvent> {
  if (isRecord(error)) {
    return accepted({ kind: "refusal", of: "translation", reason: refusalReason({ error }) });
  }
  if (!isRecord(data) || !isRecord(data["utterance"]) || !isRecord(data["translated_utterance"])) {
    return refused("expected data.utterance and data.translated_utterance in a translation");
  }
  const { utterance_id: id, target_language: language } = data;
  const { start, end } = data["utterance"];
  const { text } = data["translated_utterance"];
  if (typeof id !== "string" || id === "" || typeof language !== "string" || language === "") {
    return refused("expected data.utterance_id and data.target_language in a translation");
  }
  if (typeof text !== "string") {
    return refused("expected data.translated_utterance.text in a translation");
  }
  if (!isSeconds(start) || !isSeconds(end) || end < start) {
    return refused("expected data.utterance.start and end in seconds, start first");
  }
  return accepted({
    kind: "translation",
    localId: id,
    text: text.trim(),
    language,
    startSeconds: Math.min(start, SECONDS_MAX),
    endSeconds: Math.min(end, SECONDS_MAX),
  });
}

function refusalReason(message: Record<string, unknown>): string {
  const detail = isRecord(message["error"]) ? message["error"] : message["data"];
  const reason = isRecord(detail) ? (detail["message"] ?? detail["exception"]) : undefined;
  return typeof reason === "string" ? reason.slice(0, REASON_LENGTH_MAX) : "no reason given";
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSeconds(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}

function isShare(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= 1;
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
