import {
  createTranscriptWriter,
  type TranscriptFormat,
} from "../../../src/captions/transcript-formats.ts";
import type { TranscriptEnding } from "../../../src/captions/transcript-writer.ts";
import type { StoredSegment } from "../../../src/relay/stored-transcript.ts";

export const ORIGIN = new Date("2026-03-01T10:00:00.000Z");

/** A final by its milliseconds since `ORIGIN`. */
export function createSegment(
  startMs: number,
  endMs: number | null,
  text: string,
  name: string | null = "Ada",
): StoredSegment {
  return {
    utteranceKey: `g-1:${startMs}`,
    text,
    language: "en",
    confidence: 0.9,
    speaker: name === null ? null : { identity: "host", name },
    startedAt: new Date(ORIGIN.getTime() + startMs),
    endedAt: endMs === null ? null : new Date(ORIGIN.getTime() + endMs),
  };
}

/** All pieces of a transcript together. */
export function writeTranscript(
  format: TranscriptFormat,
  segments: readonly StoredSegment[],
  options: { readonly beganAt?: Date; readonly ending?: TranscriptEnding } = {},
): string {
  const writer = createTranscriptWriter(format, {
    sessionSlug: "standup",
    beganAt: options.beganAt,
  });
  const parts = segments.map((segment) => writer.add(segment));
  return [writer.begin(), ...parts, writer.end(options.ending ?? { hasMore: false })].join("");
}
