import type { AbandonedSession } from "../../../../src/relay/recovery/provider-session-record.ts";
import type { ProviderSessionBook } from "../../../../src/transcripts/journal/provider-session-book.ts";

/** Provider sessions that are numbered, in the order of their start. */
export function providerSession(
  index: number,
  changes: Partial<AbandonedSession> = {},
): AbandonedSession {
  return {
    providerSessionId: `provider-${index}`,
    speaker: { sessionSlug: "standup", identity: `speaker-${index}`, name: "Ada" },
    startedAtMs: 1_000_000 + index,
    clock: [[0, 1_000_000 + index]],
    ...changes,
  };
}

/** Notes a session, as it will be found. */
export function noteOpened(book: ProviderSessionBook, session: AbandonedSession): void {
  const { speaker, providerSessionId, clock = [] } = session;
  book.opened({ ...speaker }, providerSessionId, clock);
}
