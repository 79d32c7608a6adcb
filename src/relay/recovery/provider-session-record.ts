import type { SpeakerNames } from "../ports.ts";
import type { ProviderClock } from "./provider-clock.ts";

/**
 * Remembers which provider sessions are open, so that a later process can fetch what this one never heard. Never throws: a
 * session that could not be noted goes on without a net, and one that could not be let go of is fetched once more.
 */
export interface ProviderSessionRecord {
  /** Before the session's first audio. */
  opened(speaker: SpeakerNames, providerSessionId: string, clock: ProviderClock): void;
  /** The clock has another point; not called with every frame. */
  update(providerSessionId: string, clock: ProviderClock): void;
  /** Every final of the session is kept, or will never come. */
  closed(providerSessionId: string): void;
}

/** A provider session that an earlier process had open when it ended, and what is needed to keep its finals. */
export interface AbandonedSession {
  readonly providerSessionId: string;
  readonly speaker: SpeakerNames;
  readonly startedAtMs: number;
  /** Undefined where it cannot be read: then the session's start and its audio tell the time. */
  readonly clock: ProviderClock | undefined;
}
