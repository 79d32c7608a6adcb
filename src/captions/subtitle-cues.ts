/**
 * Turns finals into subtitle cues.
 *
 * Cues follow one another without overlapping: where people speak at once, the earlier cue ends when the later one
 * begins, and where that leaves it too short to read, the later one waits. Each has one or two lines of limited width.
 */
import type { StoredSegment } from "../relay/stored-transcript.ts";
import { NARROW_UNITS, unitsOf, wrapLines } from "./caption-lines.ts";

export interface Cue {
  /** Whole milliseconds since the call's first final began; not before the end of the cue before. */
  readonly startMs: number;
  readonly endMs: number;
  readonly speaker: string | undefined;
  /** One or two; plain text, not yet escaped. */
  readonly lines: readonly string[];
}

/** All three follow Netflix's Timed Text Style Guide: 5/6 of a second to 7 seconds. */
const CUE_LINES_MAX = 2;
const CUE_MS_MIN = 833;
const CUE_MS_MAX = 7000;

/** Unhurried speech, by the width of a Latin letter: how long an utterance without an end is taken to last. */
const MS_PER_CHARACTER = 70;

/** What is to be shown, until the next final tells how long. */
interface Shown {
  readonly startMs: number;
  readonly endMs: number;
  readonly speaker: string | undefined;
  readonly blocks: readonly (readonly string[])[];
}

/** Gives out the cues of each final when it has seen the next one: of any number of finals it remembers one. */
export class CueTrack {
  readonly #originMs: number;
  readonly #toText: (segment: StoredSegment) => string;
  #shown: Shown | undefined;
  #freeFromMs = 0;

  /** `toText` says what is shown of a segment. Times count from `origin`. */
  constructor(origin: Date, toText: (segment: StoredSegment) => string) {
    this.#originMs = origin.getTime();
    this.#toText = toText;
  }

  /** Segments come in the order of their starts. Returns the cues of the one before, none for the first. */
  add(segment: StoredSegment): readonly Cue[] {
    const lines = wrapLines(this.#toText(segment));
    if (lines.length === 0) return [];
    const startMs = Math.max(0, segment.startedAt.getTime() - this.#originMs);
    const durationMs =
      segment.endedAt === null
        ? (lines.reduce((sum, line) => sum + unitsOf(line), 0) / NARROW_UNITS) * MS_PER_CHARACTER
        : segment.endedAt.getTime() - segment.startedAt.getTime();
    const cues = this.#release(startMs);
    const speaker = segment.speaker?.name;
    this.#shown = { startMs, endMs: startMs + durationMs, speaker, blocks: toBlocks(lines) };
    return cues;
  }

  /** The cues of the last segment. */
  end(): readonly Cue[] {
    return this.#release(Number.POSITIVE_INFINITY);
  }

  #release(nextStartMs: number): readonly Cue[] {
    const shown = this.#shown;
    if (shown === undefined) return [];
    this.#shown = undefined;
    const startMs = Math.max(shown.startMs, this.#freeFromMs);
    const endMsMin = startMs + shown.blocks.length * CUE_MS_MIN;
    const endMs = Math.max(Math.min(Math.round(shown.endMs), nextStartMs), endMsMin);
    this.#freeFromMs = endMs;
    return spreadBlocks(shown, startMs, endMs);
  }
}

/** Every block gets the shortest time that can be read; the rest is shared by width of text, up to the longest time. */
function spreadBlocks({ blocks, speaker }: Shown, startMs: number, endMs: number): readonly Cue[] {
  const sizes = blocks.map((lines) => unitsOf(lines.join("")));
  const sizeTotal = sizes.reduce((sum, size) => sum + size, 0);
  const spareMs = endMs - startMs - blocks.length * CUE_MS_MIN;
  let sizeBefore = 0;
  let nextMs = startMs;
  return blocks.map((lines, index) => {
    const cueStartMs = nextMs;
    sizeBefore += sizes[index] ?? 0;
    nextMs = startMs + (index + 1) * CUE_MS_MIN + Math.round((spareMs * sizeBefore) / sizeTotal);
    return {
      startMs: cueStartMs,
      endMs: Math.min(nextMs, cueStartMs + CUE_MS_MAX),
      speaker,
      lines,
    };
  });
}

function toBlocks(lines: readonly string[]): readonly (readonly string[])[] {
  const blocks: string[][] = [];
  for (let index = 0; index < lines.length; index += CUE_LINES_MAX) {
    blocks.push(lines.slice(index, index + CUE_LINES_MAX));
  }
  return blocks;
}
