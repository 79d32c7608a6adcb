/**
 * Turns finals into subtitle cues.
 *
 * Cues follow one another without overlapping: where people speak at once, the earlier cue ends when the later one
 * begins, and where that leaves it too short to read, the later one waits. Each has one or two lines of limited width.
 */
import type { StoredSegment } from "../relay/ports.ts";

export interface Cue {
  /** Milliseconds since the first segment's start. */
  readonly startMs: number;
  readonly endMs: number;
  readonly speaker: string | undefined;
  /** One or two; plain text, not yet escaped. */
  readonly lines: readonly string[];
}

/** Both limits and the shortest cue follow Netflix's Timed Text Style Guide. */
const LINE_CHARACTERS_MAX = 42;
const CUE_LINES_MAX = 2;
const CUE_MS_MIN = 833;

/** Unhurried speech: how long an utterance without an end is taken to last. */
const MS_PER_CHARACTER = 70;

/** A word too long for a line is cut between what people see as characters, never inside one. */
const characters = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** `toText` says what is shown of a segment; `segments` are in the order of their starts. */
export function createCues(
  segments: readonly StoredSegment[],
  toText: (segment: StoredSegment) => string,
): readonly Cue[] {
  const cues: Cue[] = [];
  const originMs = segments[0]?.startedAt.getTime() ?? 0;
  let freeFromMs = 0;
  for (const [index, segment] of segments.entries()) {
    const blocks = toBlocks(wrapLines(toText(segment)));
    if (blocks.length === 0) continue;
    const startMs = Math.max(segment.startedAt.getTime() - originMs, freeFromMs);
    const nextStart = segments[index + 1]?.startedAt.getTime() ?? Number.POSITIVE_INFINITY;
    const endMs = Math.max(
      Math.min(findEndMs(segment) - originMs, nextStart - originMs),
      startMs + blocks.length * CUE_MS_MIN,
    );
    cues.push(...spreadBlocks(blocks, startMs, endMs, segment.speaker?.name));
    freeFromMs = endMs;
  }
  return cues;
}

/** One line, however the text was broken before. */
export function collapseSpace(text: string): string {
  return text.replaceAll(/[\s\p{Cc}]+/gu, " ").trim();
}

function findEndMs(segment: StoredSegment): number {
  if (segment.endedAt !== null) return segment.endedAt.getTime();
  return segment.startedAt.getTime() + segment.text.length * MS_PER_CHARACTER;
}

/** Every block gets the shortest time that can be read; what is left is shared by length of text. */
function spreadBlocks(
  blocks: readonly (readonly string[])[],
  startMs: number,
  endMs: number,
  speaker: string | undefined,
): readonly Cue[] {
  const sizes = blocks.map((lines) => lines.join("").length);
  const sizeTotal = sizes.reduce((sum, size) => sum + size, 0);
  const spareMs = endMs - startMs - blocks.length * CUE_MS_MIN;
  let sizeBefore = 0;
  let nextMs = startMs;
  return blocks.map((lines, index) => {
    const cueStartMs = nextMs;
    sizeBefore += sizes[index] ?? 0;
    nextMs = startMs + (index + 1) * CUE_MS_MIN + Math.round((spareMs * sizeBefore) / sizeTotal);
    return { startMs: cueStartMs, endMs: nextMs, speaker, lines };
  });
}

function toBlocks(lines: readonly string[]): readonly (readonly string[])[] {
  const blocks: string[][] = [];
  for (let index = 0; index < lines.length; index += CUE_LINES_MAX) {
    blocks.push(lines.slice(index, index + CUE_LINES_MAX));
  }
  return blocks;
}

function wrapLines(text: string): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of collapseSpace(text).split(" ").flatMap(splitLongWord)) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (longer.length <= LINE_CHARACTERS_MAX) {
      line = longer;
    } else {
      lines.push(line);
      line = word;
    }
  }
  if (line !== "") lines.push(line);
  return lines;
}

function splitLongWord(word: string): readonly string[] {
  if (word.length <= LINE_CHARACTERS_MAX) return [word];
  const pieces: string[] = [];
  let piece = "";
  for (const { segment: character } of characters.segment(word)) {
    if (piece !== "" && piece.length + character.length > LINE_CHARACTERS_MAX) {
      pieces.push(piece);
      piece = "";
    }
    piece += character;
  }
  pieces.push(piece);
  return pieces;
}
