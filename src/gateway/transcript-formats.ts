/** A stored transcript as a download. Pure: what is read comes through a port, who may read it is decided before. */
import { accepted, refused, type Parsed } from "../kernel/result.ts";
import type { StoredSegment } from "../relay/ports.ts";
import { collapseSpace, createCues, type Cue } from "./transcript-cues.ts";

export type TranscriptFormat = "json" | "txt" | "srt" | "vtt";

export interface FormattedTranscript {
  readonly contentType: string;
  readonly body: string;
}

interface Writer {
  readonly contentType: string;
  write(slug: string, segments: readonly StoredSegment[], hasMore: boolean): string;
}

const WRITERS: Record<TranscriptFormat, Writer> = {
  json: { contentType: "application/json; charset=utf-8", write: writeJson },
  txt: { contentType: "text/plain; charset=utf-8", write: writeTxt },
  srt: { contentType: "application/x-subrip; charset=utf-8", write: writeSrt },
  vtt: { contentType: "text/vtt; charset=utf-8", write: writeVtt },
};

/** An absent format is JSON. */
export function parseTranscriptFormat(value: string | null): Parsed<TranscriptFormat> {
  if (value === null) return accepted("json");
  if (isFormat(value)) return accepted(value);
  const known = Object.keys(WRITERS).join(", ");
  return refused(`expected a format of ${known}, got another of ${value.length} characters`);
}

/**
 * `segments` are in the order of their starts. Times in txt, srt and vtt count from the first one.
 *
 * `hasMore` says that the transcript goes on; SRT has no place to tell it.
 */
export function formatTranscript(
  format: TranscriptFormat,
  slug: string,
  segments: readonly StoredSegment[],
  hasMore: boolean,
): FormattedTranscript {
  const writer = WRITERS[format];
  return { contentType: writer.contentType, body: writer.write(slug, segments, hasMore) };
}

function isFormat(value: string): value is TranscriptFormat {
  return Object.hasOwn(WRITERS, value);
}

function writeJson(slug: string, segments: readonly StoredSegment[], hasMore: boolean): string {
  return JSON.stringify({
    session: slug,
    segments: segments.map((segment) => ({
      utterance_id: segment.utteranceId,
      text: segment.text,
      language: segment.language,
      confidence: segment.confidence,
      speaker: segment.speaker,
      started_at: segment.startedAt,
      ended_at: segment.endedAt,
    })),
    has_more: hasMore,
  });
}

function writeTxt(_slug: string, segments: readonly StoredSegment[], hasMore: boolean): string {
  const originMs = segments[0]?.startedAt.getTime() ?? 0;
  const lines = segments.map((segment) => {
    const { hours, minutes, seconds } = toClock(segment.startedAt.getTime() - originMs);
    return `[${hours}:${minutes}:${seconds}] ${toAttributedText(segment)}\n`;
  });
  if (hasMore) lines.push("[…]\n");
  return lines.join("");
}

function writeSrt(_slug: string, segments: readonly StoredSegment[]): string {
  const cues = createCues(segments, toAttributedText);
  return cues.map((cue, index) => `${index + 1}\n${toSrtCue(cue)}\n`).join("\n");
}

function writeVtt(_slug: string, segments: readonly StoredSegment[], hasMore: boolean): string {
  const blocks = ["WEBVTT\n", ...createCues(segments, ({ text }) => text).map(toVttCue)];
  if (hasMore) blocks.push("NOTE The transcript goes on.\n");
  return blocks.join("\n");
}

/** NOTE: SRT cannot escape. An arrow inside the text would read as a cue's times, so it is drawn as one character. */
function toSrtCue(cue: Cue): string {
  const times = `${toTimestamp(cue.startMs, ",")} --> ${toTimestamp(cue.endMs, ",")}`;
  return `${times}\n${cue.lines.join("\n").replaceAll("-->", "→")}`;
}

function toVttCue(cue: Cue): string {
  const times = `${toTimestamp(cue.startMs, ".")} --> ${toTimestamp(cue.endMs, ".")}`;
  const voice = cue.speaker === undefined ? "" : `<v ${escapeVtt(collapseSpace(cue.speaker))}>`;
  return `${times}\n${voice}${escapeVtt(cue.lines.join("\n"))}\n`;
}

function toAttributedText({ speaker, text }: StoredSegment): string {
  return collapseSpace(speaker === null ? text : `${speaker.name}: ${text}`);
}

function escapeVtt(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function toTimestamp(timeMs: number, decimalSign: "," | "."): string {
  const { hours, minutes, seconds, milliseconds } = toClock(timeMs);
  return `${hours}:${minutes}:${seconds}${decimalSign}${milliseconds}`;
}

function toClock(timeMs: number): Record<"hours" | "minutes" | "seconds" | "milliseconds", string> {
  return {
    hours: toDigits(timeMs / 3_600_000, 2),
    minutes: toDigits((timeMs / 60_000) % 60, 2),
    seconds: toDigits((timeMs / 1000) % 60, 2),
    milliseconds: toDigits(timeMs % 1000, 3),
  };
}

function toDigits(value: number, digits: number): string {
  return String(Math.floor(value)).padStart(digits, "0");
}
