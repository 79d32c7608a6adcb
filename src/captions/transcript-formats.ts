/** A stored transcript as a download. Pure: what is read comes through a port, who may read it is decided before. */
import { accepted, refused, type Parsed } from "../kernel/result.ts";
import { createSrtWriter, createVttWriter } from "./subtitle-writers.ts";
import {
  toAttributedText,
  toClock,
  type TranscriptHead,
  type TranscriptWriter,
} from "./transcript-writer.ts";

export type TranscriptFormat = "json" | "txt" | "srt" | "vtt";

export const CONTENT_TYPES: Record<TranscriptFormat, string> = {
  json: "application/json; charset=utf-8",
  txt: "text/plain; charset=utf-8",
  srt: "application/x-subrip; charset=utf-8",
  vtt: "text/vtt; charset=utf-8",
};

const WRITERS: Record<TranscriptFormat, (head: TranscriptHead) => TranscriptWriter> = {
  json: createJsonWriter,
  txt: createTxtWriter,
  srt: createSrtWriter,
  vtt: createVttWriter,
};

/** An absent format is JSON. */
export function parseTranscriptFormat(value: string | undefined): Parsed<TranscriptFormat> {
  if (value === undefined) return accepted("json");
  if (isFormat(value)) return accepted(value);
  const known = Object.keys(WRITERS).join(", ");
  return refused(`expected a format of ${known}, got another of ${value.length} characters`);
}

export function createTranscriptWriter(
  format: TranscriptFormat,
  head: TranscriptHead,
): TranscriptWriter {
  return WRITERS[format](head);
}

function isFormat(value: string): value is TranscriptFormat {
  return Object.hasOwn(WRITERS, value);
}

/** One object; each segment has a line of its own. */
function createJsonWriter({ sessionSlug }: TranscriptHead): TranscriptWriter {
  let separator = "";
  return {
    begin: () => `{"session":${JSON.stringify(sessionSlug)},"segments":[`,
    add: (segment) => {
      const line = JSON.stringify({
        utterance_id: segment.utteranceKey,
        text: segment.text,
        language: segment.language,
        confidence: segment.confidence,
        speaker: segment.speaker,
        started_at: segment.startedAt,
        ended_at: segment.endedAt,
      });
      const written = `${separator}${line}`;
      separator = ",\n";
      return written;
    },
    end: ({ hasMore, next }) => {
      const cursor = next === undefined ? "" : `,"next":${JSON.stringify(next)}`;
      return `],"has_more":${hasMore}${cursor}}\n`;
    },
  };
}

function createTxtWriter({ beganAt }: TranscriptHead): TranscriptWriter {
  let originMs = beganAt?.getTime();
  return {
    begin: () => "",
    add: (segment) => {
      const startMs = segment.startedAt.getTime();
      originMs ??= startMs;
      const text = toAttributedText(segment);
      if (text === "") return "";
      const { hours, minutes, seconds } = toClock(Math.max(0, startMs - originMs));
      return `[${hours}:${minutes}:${seconds}] ${text}\n`;
    },
    end: ({ hasMore }) => (hasMore ? "[…]\n" : ""),
  };
}
