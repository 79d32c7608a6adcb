import type { StoredSegment } from "../relay/stored-transcript.ts";
import { collapseSpace } from "./caption-lines.ts";

/** Writes one transcript of any length: what its calls return, put together, is the file. It remembers one segment at most. */
export interface TranscriptWriter {
  /** Comes first. */
  begin(): string;
  /** Segments come in the order in which they began. */
  add(segment: StoredSegment): string;
  /** Comes last. */
  end(ending: TranscriptEnding): string;
}

export interface TranscriptHead {
  readonly sessionSlug: string;
  /** Times in txt, srt and vtt count from here; from the first segment where undefined. */
  readonly beganAt: Date | undefined;
}

export interface TranscriptEnding {
  /** The transcript goes on; SRT has no place to tell it. */
  readonly hasMore: boolean;
  /** The cursor of the next page, where there are pages; told in JSON only. */
  readonly next?: string;
}

/** A time of a transcript in its digits: hours have two or more, the others always as many. */
export function toClock(
  timeMs: number,
): Record<"hours" | "minutes" | "seconds" | "milliseconds", string> {
  return {
    hours: toDigits(timeMs / 3_600_000, 2),
    minutes: toDigits((timeMs / 60_000) % 60, 2),
    seconds: toDigits((timeMs / 1000) % 60, 2),
    milliseconds: toDigits(timeMs % 1000, 3),
  };
}

/** What one line shows of a segment: the speaker's name, where there is one, and the text. Empty when nothing was said. */
export function toAttributedText({ speaker, text }: StoredSegment): string {
  const words = collapseSpace(text);
  const name = collapseSpace(speaker?.name ?? "");
  return words === "" || name === "" ? words : `${name}: ${words}`;
}

function toDigits(value: number, digits: number): string {
  return String(Math.floor(value)).padStart(digits, "0");
}
