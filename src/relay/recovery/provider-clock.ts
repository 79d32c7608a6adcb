import { OffsetMap, type OffsetPoint } from "../../kernel/offset-map.ts";
import type { PositionClock } from "../timeline.ts";

/**
 * When the audio of a provider session was said: points of that audio in seconds, in order, and their times in milliseconds
 * since the epoch.
 */
export type ProviderClock = readonly OffsetPoint[];

/** Points of one provider session: pauses and resumes. With more of them the oldest are forgotten. */
const POINTS_MAX = 256;

const MS_PER_SECOND = 1000;

/** In seconds and in milliseconds alike: further from the epoch, with three hours of audio more, no `Date` reaches (ECMA-262, 21.4.1.1). */
const COUNT_MAX = 8e12;

/** A clock without a point yet. */
export function createProviderClock(): OffsetMap {
  return new OffsetMap({ pointsMax: POINTS_MAX, scale: MS_PER_SECOND });
}

/** Tells the time of every moment, also of those before the clock's first point. */
export function readProviderClock(clock: ProviderClock): PositionClock {
  const map = createProviderClock();
  for (const [seconds, wallMs] of clock) map.note(seconds, wallMs);
  return { timeAt: (seconds) => new Date(Math.round(map.at(seconds) ?? seconds * MS_PER_SECOND)) };
}

/** As a text that a file may keep. */
export function encodeProviderClock(clock: ProviderClock): string {
  return JSON.stringify(clock);
}

/** NOTE: the file may be of another build, or damaged: what is not a clock is none. */
export function decodeProviderClock(text: string): ProviderClock | undefined {
  try {
    const json: unknown = JSON.parse(text);
    return Array.isArray(json) && json.length > 0 && json.every(isPoint) ? json : undefined;
  } catch {
    // The session's own start tells the time then.
    return undefined;
  }
}

function isPoint(value: unknown): value is OffsetPoint {
  return Array.isArray(value) && value.length === 2 && value.every(isCount);
}

/** Both are counts that a `Date` can still be made of. */
function isCount(value: unknown): boolean {
  return typeof value === "number" && Math.abs(value) <= COUNT_MAX;
}
