import type { LiveSessionEntry } from "../../../../src/transcripts/journal/provider-session-book.ts";

/** Provider sessions that are numbered, in the order of their start. */
export function liveSession(
  index: number,
  changes: Partial<LiveSessionEntry> = {},
): LiveSessionEntry {
  return {
    providerSessionId: `provider-${index}`,
    sessionSlug: "standup",
    identity: `speaker-${index}`,
    name: "Ada",
    startedAtMs: 1_000_000 + index,
    timeline: `{"index":${index}}`,
    ...changes,
  };
}
