import { parseTranscriptFormat, type TranscriptFormat } from "../../captions/transcript-formats.ts";
import { accepted, refused, type Parsed } from "../../kernel/result.ts";
import { isTranslationCode, type TranslationCode } from "../../relay/recognition/language-codes.ts";
import { TRANSCRIPT_START, type PageCursor } from "../../relay/stored-transcript.ts";
import { parseCursor } from "./transcript-cursor.ts";

/** What a reader asks for. */
export type TranscriptQuery =
  /** Finals as they were stored, page by page: JSON. */
  | {
      readonly kind: "page";
      readonly language: TranslationCode | undefined;
      readonly limit: number;
      readonly after: PageCursor;
    }
  /** The whole transcript as a file. */
  | {
      readonly kind: "file";
      readonly language: TranslationCode | undefined;
      readonly format: Exclude<TranscriptFormat, "json">;
    };

const PAGE_SEGMENTS = 1000;

/** One answer holds at most this many segments: about a day of talk, and 2 MB. */
export const ANSWER_SEGMENTS_MAX = 10_000;

const BEGINNING: PageCursor = { place: TRANSCRIPT_START, settled: TRANSCRIPT_START };

/** Reads the query of a transcript's address. Names that nobody knows are passed over. */
export function parseTranscriptQuery(query: URLSearchParams): Parsed<TranscriptQuery> {
  const format = parseTranscriptFormat(query.get("format") ?? undefined);
  if (!format.ok) return format;
  const language = query.get("language") ?? undefined;
  if (language !== undefined && !isTranslationCode(language)) {
    return refused('expected a language to translate into, such as "fr"');
  }
  const limit = query.get("limit");
  const after = query.get("after");
  if (format.value !== "json") {
    if (limit === null && after === null) {
      return accepted({ kind: "file", language, format: format.value });
    }
    return refused('"limit" and "after" are for format=json: other formats have no pages');
  }
  const limitParsed = limit === null ? accepted(PAGE_SEGMENTS) : parseLimit(limit);
  if (!limitParsed.ok) return limitParsed;
  const afterParsed = after === null ? accepted(BEGINNING) : parseCursor(after);
  if (!afterParsed.ok) return afterParsed;
  return accepted({ kind: "page", language, limit: limitParsed.value, after: afterParsed.value });
}

function parseLimit(text: string): Parsed<number> {
  const limit = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= ANSWER_SEGMENTS_MAX) return accepted(limit);
  return refused(
    `expected a limit from 1 to ${ANSWER_SEGMENTS_MAX}, got another of ${text.length} characters`,
  );
}
