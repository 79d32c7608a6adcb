import type { SegmentRow } from "../store/segment-store.ts";

/**
 * A final as the text that is kept of it. JSON writes every character of a JavaScript string such that it comes back, also
 * those that SQLite would end a text at (U+0000) or could not store (half of a surrogate pair).
 */
export function encodeRow(row: SegmentRow): string {
  return JSON.stringify({
    sessionSlug: row.sessionSlug,
    identity: row.identity,
    name: row.name,
    utteranceKey: row.utteranceKey,
    translationOf: row.translationOf,
    text: row.text,
    language: row.language,
    confidence: row.confidence,
    startedAt: row.startedAt.getTime(),
    endedAt: row.endedAt.getTime(),
  });
}

/** The same final again; `undefined` when the text is damaged. Members that it does not know are ignored. */
export function decodeRow(body: string): SegmentRow | undefined {
  const fields = parseFields(body);
  if (fields === undefined) return undefined;
  const { sessionSlug, identity, name, utteranceKey, translationOf, text, language } = fields;
  const confidence = fields.confidence === undefined ? undefined : toNumber(fields.confidence);
  const startedAtMs = toNumber(fields.startedAt);
  const endedAtMs = toNumber(fields.endedAt);
  if (
    typeof sessionSlug !== "string" ||
    typeof identity !== "string" ||
    typeof name !== "string" ||
    typeof utteranceKey !== "string" ||
    (translationOf !== undefined && typeof translationOf !== "string") ||
    typeof text !== "string" ||
    (language !== undefined && typeof language !== "string") ||
    (fields.confidence !== undefined && confidence === undefined) ||
    startedAtMs === undefined ||
    endedAtMs === undefined
  ) {
    return undefined;
  }
  return {
    sessionSlug,
    identity,
    name,
    utteranceKey,
    translationOf,
    text,
    language,
    confidence,
    startedAt: new Date(startedAtMs),
    endedAt: new Date(endedAtMs),
  };
}

function parseFields(body: string): Partial<Record<keyof SegmentRow, unknown>> | undefined {
  try {
    const json: unknown = JSON.parse(body);
    // Any object can be read by name when every value stays unknown.
    return typeof json === "object" && json !== null ? json : undefined;
  } catch {
    // The parser's message quotes the text; that it is damaged is all that counts.
    return undefined;
  }
}

/** JSON writes NaN, an invalid time among others, as null. */
function toNumber(value: unknown): number | undefined {
  if (value === null) return Number.NaN;
  return typeof value === "number" ? value : undefined;
}
