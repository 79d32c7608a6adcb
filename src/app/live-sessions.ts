import type { Log } from "../observe/log.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { LiveSessionRecord, ProviderClock } from "../relay/ports.ts";
import { readProviderClock } from "../relay/recovery/provider-session-recorder.ts";
/** Introduces the relay's record of live provider sessions to the journal that keeps it, and to the provider that is asked. */
import type { Config } from "../settings/config.ts";
import { askForFinals } from "../speech/gladia/final-recovery.ts";
import type { GladiaAccount } from "../speech/gladia/gladia-api.ts";
import { recoverLeftSessions } from "../transcripts/abandoned-sessions.ts";
import { createTranscriptSink } from "../transcripts/append-transcript-chunk.ts";
import type { LiveSessionBook } from "../transcripts/journal/provider-session-book.ts";
import type { Storage } from "./storage.ts";

export function gladiaAccountOf(config: Config): GladiaAccount {
  const { gladiaApiKey, gladiaApiUrl, gladiaRegion } = config;
  return {
    apiKey: gladiaApiKey ?? "",
    apiUrl: gladiaApiUrl,
    region: gladiaRegion === "auto" ? undefined : gladiaRegion,
  };
}

export function createLiveSessionRecord(book: LiveSessionBook): LiveSessionRecord {
  return {
    opened: ({ sessionSlug, identity, name }, providerSessionId, clock) => {
      book.opened({
        providerSessionId,
        sessionSlug,
        identity,
        name,
        startedAtMs: clock[0]?.[1] ?? Date.now(),
        timeline: JSON.stringify(clock),
      });
    },
    update: (providerSessionId, clock) => {
      book.update(providerSessionId, JSON.stringify(clock));
    },
    closed: (providerSessionId) => {
      book.closed(providerSessionId);
    },
  };
}

export interface FetchDeps {
  readonly storage: Storage;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Fetches the finals that an earlier process never heard. Goes on beside live sessions; never rejects. */
export async function fetchLeftFinals(config: Config, deps: FetchDeps): Promise<void> {
  const { storage, metrics, log, signal } = deps;
  const account = gladiaAccountOf(config);
  await recoverLeftSessions({
    sessions: storage.journal.liveSessions,
    recover: (id, aborting) => askForFinals(account, id, aborting),
    readTimeline: (timeline) => {
      const clock = parseClock(timeline);
      return clock && { timeAt: (seconds) => readProviderClock(clock, seconds) };
    },
    sink: createTranscriptSink(storage.queue),
    tallies: metrics.tallies,
    log,
    signal,
  });
}

/** NOTE: the file may be of another build: what is not a clock is none. */
function parseClock(text: string): ProviderClock | undefined {
  try {
    const json: unknown = JSON.parse(text);
    return Array.isArray(json) && json.length > 0 && json.every(isPoint) ? json : undefined;
  } catch {
    // The session's own start tells the time then.
    return undefined;
  }
}

function isPoint(value: unknown): value is [number, number] {
  return Array.isArray(value) && value.length === 2 && value.every(Number.isFinite);
}
